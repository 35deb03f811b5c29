import { join } from 'node:path';
import { installPythonPackage } from '../running/python-package.ts';
import { describeCutUploads } from './cut-uploads.ts';
import { tusClientOf } from './tus-client.ts';

describeCutUploads('tuspy', async () => {
  const programs = await installPythonPackage('tuspy', '1.1.0');
  return tusClientOf(join(programs, 'python'), [join(import.meta.dirname, 'upload_with_tuspy.py')]);
});
