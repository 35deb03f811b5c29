process.parentPort.once('message', () => undefined);
