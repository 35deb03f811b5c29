// To be loaded into a service before anything else, with NODE_OPTIONS: moves the wall clock of its process, as if its machine were set wrong.
import { movedByVariable } from './clock-ahead.ts';

const milliseconds = Number(process.env[movedByVariable]) * 1000;

globalThis.Date = new Proxy(Date, {
  construct: (date, values, target) =>
    Reflect.construct(date, values.length === 0 ? [date.now() + milliseconds] : values, target),
  get: (date, name) => (name === 'now' ? () => date.now() + milliseconds : Reflect.get(date, name)),
});
