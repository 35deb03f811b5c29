/** The states of a conversion. Apart from the schemas, so that this can be used without loading zod. */
export const conversionStates = ['uploading', 'queued', 'converting', 'done', 'failed', 'cancelled'] as const;
