import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { RequestName, Requests } from '../../ipc.ts';
import { settingSchemas } from '../settings/settings-schema.ts';

/** Ids are UUIDs of ours or come from a backend, so nothing else is known about them. */
const idSchema = z.string().min(1).max(200);
/** The longest path that any system allows: a long path of Windows. */
const pathSchema = z.string().min(1).max(32_767).refine(isAbsolute).refine(withoutNul);
/** More than anyone drops at once. A message of that size is still handled quickly. */
const maxPaths = 100_000;

const addressSchema = z.string().max(2048);
const emailSchema = z.string().max(254);
const passwordSchema = z.string().max(1024);
const codeSchema = z.string().max(64);
const whoSchema = { address: addressSchema, email: emailSchema };
const signInSchema = z.strictObject({ ...whoSchema, password: passwordSchema });

const { quality, whenTaken, atOnce, notify, notifySound, theme, keepInTray, openAtLogin } = settingSchemas;
const settingsChangeSchema = z
  .strictObject({
    quality,
    saveTo: z.enum(['beside', 'ask']),
    whenTaken,
    atOnce: atOnce.nullable(),
    notify,
    notifySound,
    theme,
    keepInTray,
    openAtLogin,
  })
  .exactPartial();

const none = z.tuple([]);
const ofRow = z.tuple([idSchema]);

/** The schemas of the arguments of each request. The renderer is not trusted. */
export const requestArguments: { readonly [Name in RequestName]: z.ZodType<Parameters<Requests[Name]>> } = {
  state: none,
  shown: z.tuple([z.enum(['now', 'history', 'settings', 'welcome'])]),

  useThisComputer: none,
  signIn: z.tuple([signInSchema]),
  createAccount: z.tuple([signInSchema]),
  confirmAddress: z.tuple([codeSchema]),
  sendCodeAgain: none,
  forgotPassword: z.tuple([z.strictObject(whoSchema)]),
  resetPassword: z.tuple([signInSchema.extend({ code: codeSchema })]),
  certificate: z.tuple([addressSchema]),
  signOut: none,
  setMail: z.tuple([z.boolean()]),
  tryNow: none,

  chooseVideos: none,
  addPaths: z.tuple([z.array(pathSchema).max(maxPaths)]),
  paste: none,
  cancel: ofRow,
  remove: ofRow,
  clearFinished: none,
  undo: none,
  dismissToast: ofRow,
  retry: ofRow,
  pauseAll: none,
  continueAll: none,
  continueRow: ofRow,
  chooseTrack: z.tuple([idSchema, z.int().min(0).max(255)]),
  convertHere: ofRow,
  findSource: ofRow,
  saveElsewhere: ofRow,
  showInFolder: ofRow,
  showSource: ofRow,
  copyFile: ofRow,
  dragOut: ofRow,
  rowMenu: ofRow,
  details: ofRow,
  copyText: z.tuple([z.string().max(100_000)]),
  peaks: ofRow,

  history: z.tuple([
    z.strictObject({
      search: z.string().max(500),
      offset: z.int().min(0).max(10_000_000),
      limit: z.int().min(1).max(200),
    }),
  ]),
  removeFromHistory: ofRow,
  convertAgain: ofRow,
  clearHistory: none,

  markNoticesRead: none,
  noticeAction: ofRow,
  toastAction: ofRow,

  changeSettings: z.tuple([settingsChangeSchema]),
  chooseSaveFolder: none,
  saveMenu: none,
  copyReport: none,
  showLicences: none,
};

function withoutNul(text: string): boolean {
  return !text.includes('\0');
}
