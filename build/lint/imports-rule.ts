import { relative, sep } from 'node:path';
import type { RuleTester } from 'oxlint/plugins-dev';
import { refuseImport } from './import-table.ts';

type Rule = Parameters<RuleTester['run']>[1];

/** Holds every import, of values and of types, against import-table.ts. */
export const importsRule: Rule = {
  meta: { type: 'problem' },
  create(context) {
    const importer = relative(context.cwd, context.filename).split(sep).join('/');
    const check = (source: Parameters<typeof context.report>[0]['node'] & { readonly value?: unknown }) => {
      const refusal = typeof source.value === 'string' ? refuseImport(importer, source.value) : undefined;
      if (refusal !== undefined) context.report({ node: source, message: refusal });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => {
        if (source !== null) check(source);
      },
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ source }) => check(source),
    };
  },
};
