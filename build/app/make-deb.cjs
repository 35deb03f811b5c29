#!/usr/bin/env node
// Does fpm's work with dpkg-deb, where fpm cannot be downloaded: electron-builder runs it if CUSTOM_FPM_PATH=build/app/make-deb.cjs is set.
const { execFileSync } = require('node:child_process');
const { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/**
 * Parses `--name value`, `-n value`, and `FROM=TO` for each packed file.
 * @param {readonly string[]} words
 */
function parse(words) {
  /** @type {Map<string, string>} */
  const options = new Map();
  /** @type {string[]} */
  const depends = [];
  /** @type {{ from: string, to: string }[]} */
  const packed = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--force') continue;
    if (!word.startsWith('-')) {
      const at = word.lastIndexOf('=');
      packed.push({ from: word.slice(0, at).replace(/\/$/, ''), to: word.slice(at + 1) });
      continue;
    }
    const name = word.replace(/^--?/, '');
    const value = left.shift() ?? '';
    if (name === 'd' || name === 'depends') depends.push(value);
    else options.set(name, value);
  }
  return { options, depends, packed };
}

/**
 * Further lines of a description are indented, empty ones are a dot (Debian Policy 5.6.13).
 * @param {string} text
 */
function described(text) {
  const [first = '', ...others] = text.trim().split('\n');
  return [first.trim(), ...others.map((line) => ` ${line.trim() || '.'}`)].join('\n');
}

const { options, depends, packed } = parse(process.argv.slice(2));
/** @param {string} name */
const option = (name) => options.get(name) ?? '';
if (option('t') !== 'deb') throw new Error('only a deb can be made here');

const root = mkdtempSync(join(tmpdir(), 'soundlift-deb-'));
try {
  chmodSync(root, 0o755);
  for (const { from, to } of packed) cpSync(from, join(root, to), { recursive: true, verbatimSymlinks: true });
  const control = join(root, 'DEBIAN');
  mkdirSync(control, { mode: 0o755 });
  const fields = {
    Package: option('name'),
    Version: option('version'),
    Architecture: option('architecture'),
    Maintainer: option('maintainer'),
    Depends: depends.join(', '),
    Section: 'sound',
    Priority: option('deb-priority') || 'optional',
    Homepage: option('url'),
    Description: described(option('description')),
  };
  const lines = Object.entries(fields).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}\n`]));
  writeFileSync(join(control, 'control'), lines.join(''));
  const scripts = { 'after-install': 'postinst', 'after-remove': 'postrm' };
  for (const [name, script] of Object.entries(scripts)) {
    if (option(name) === '') continue;
    copyFileSync(option(name), join(control, script));
    chmodSync(join(control, script), 0o755);
  }
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '-b', root, option('package')], {
    stdio: 'inherit',
  });
} finally {
  rmSync(root, { recursive: true, force: true });
}
