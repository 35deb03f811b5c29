import type { ConversionWork } from '../conversions/conversion-work.ts';
import {
  createConverterSide,
  createNotifierSide,
  createOwnerSide,
  type NotifierSide,
  type NotifierSideParts,
  type OwnerSide,
  type OwnerSideParts,
} from '../conversions/conversions.ts';

/** All operations on conversions that a complete set of services has, over one set of parts. */
export interface Conversions extends OwnerSide, Omit<NotifierSide, 'notifications'> {
  readonly work: ConversionWork;
}

export type ConversionsParts = Omit<OwnerSideParts & NotifierSideParts, 'sendsMail'> & { readonly sendsMail?: boolean };

export function createConversions(parts: ConversionsParts): Conversions {
  return {
    ...createOwnerSide(parts),
    ...createNotifierSide({ ...parts, sendsMail: parts.sendsMail ?? false }),
    work: createConverterSide(parts),
  };
}
