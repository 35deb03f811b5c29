/** The most conversions that a notification names. */
export const maxNamedConversions = 100;
