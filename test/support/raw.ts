import tls from 'node:tls';

/** Sends bytes as they are over TLS, and gives back the status line's number and everything after it. */
export function sendRaw(port: number, servername: string, text: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () =>
      socket.write(text, 'latin1'),
    );
    let answer = '';
    const done = (): void => resolve({ status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0), text: answer });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('end', done);
    socket.on('error', (error) => (answer === '' ? reject(error) : done()));
    socket.setTimeout(10_000, () => socket.destroy(new Error('no end within 10 s')));
  });
}
