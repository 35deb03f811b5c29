import { describe, expect, it } from 'vitest';
import { base64, expectProblem, type Headers, setUpTusGateway } from '../../tests/tus-for-each-test.ts';

const { stand, create, begin } = setUpTusGateway();

describe('the metadata of an upload', () => {
  it.each<[string, Headers]>([
    ['no length', {}],
    ['a length and none', { 'Upload-Length': '5', 'Upload-Defer-Length': '1' }],
    ['a length that is deferred otherwise', { 'Upload-Defer-Length': '2' }],
    ['a length below zero', { 'Upload-Length': '-1' }],
    ['a length in words', { 'Upload-Length': 'five' }],
    ['a broken length', { 'Upload-Length': '1.5' }],
    ['a length that no number holds', { 'Upload-Length': '9'.repeat(30) }],
    ['a value that is no Base64', { 'Upload-Length': '5', 'Upload-Metadata': 'filename ä€'.replace('€', '!') }],
    ['a value of half a character', { 'Upload-Length': '5', 'Upload-Metadata': 'filename YWJjZ' }],
    ['one name twice', { 'Upload-Length': '5', 'Upload-Metadata': 'filename YQ==,filename YQ==' }],
    ['a comma too many', { 'Upload-Length': '5', 'Upload-Metadata': 'filename YQ==,' }],
  ])('is refused with 400 if there is %s', async (_what, headers) => {
    await expectProblem(await create(headers), 400, 'bad_request');
    expect(await stand.ada.conversions()).toEqual([]);
  });

  it.each([
    ['options', 'no JSON'],
    ['options', '{"format":"ogg"}'],
    ['options', '{"format":"mp3","quality":4,"bitrateKbps":128}'],
    ['options', '{"format":"mp3","__proto__":{}}'],
    ['batchId', 'x'.repeat(201)],
  ])('is refused with 422 if %s is %s', async (key, value) => {
    const answer = await create({ 'Upload-Length': '5', 'Upload-Metadata': `${key} ${base64(value)}` });
    await expectProblem(answer, 422, 'invalid');
    expect(await stand.ada.conversions()).toEqual([]);
  });

  it.each(['0', '-1', '1.5', 'many'])('is refused with 422 for a batch of %s', async (size) => {
    const metadata = `batchId ${base64('b')},batchSize ${base64(size)}`;
    await expectProblem(await create({ 'Upload-Length': '5', 'Upload-Metadata': metadata }), 422, 'invalid');
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['a\0b.mp4', 'ab.mp4'],
    ['', 'video'],
  ])('with the file name %j keeps %j', async (given, kept) => {
    await begin({ 'Upload-Length': '5', 'Upload-Metadata': `filename ${base64(given)}` });
    expect(await stand.ada.conversions()).toMatchObject([{ fileName: kept }]);
  });

  it('may have a file name in Latin-1, as programs that use btoa send it', async () => {
    await begin({ 'Upload-Length': '5', 'Upload-Metadata': `filename ${btoa('Grüße.m4a')}` });
    expect(await stand.ada.conversions()).toMatchObject([{ fileName: 'Grüße.m4a' }]);
  });

  it('may have unknown keys, or be empty', async () => {
    await begin({ 'Upload-Length': '5', 'Upload-Metadata': `filetype ${base64('video/mp4')},relativePath bnVsbA==` });
    await begin({ 'Upload-Length': '5', 'Upload-Metadata': '' });
    expect(await stand.ada.conversions()).toMatchObject([{ fileName: 'video' }, { fileName: 'video' }]);
  });
});
