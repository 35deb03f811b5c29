// Answers over the port that it gets, and reports when the port closes.
process.parentPort.once('message', ({ data, ports: [port] }) => {
  if (port === undefined) throw new Error('there is no port');
  port.on('message', ({ data: asked }) => {
    if (asked === 'die') process.exit(7);
    port.postMessage({ greeting: data, asked });
  });
  port.on('close', () => process.parentPort.postMessage('the port is closed'));
  port.start();
});
