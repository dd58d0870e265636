// Servers that connect processes: real ones, each started for a test on a free port
// of this machine, with a folder of its own.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const patience = 10_000; // for a server to be there, in milliseconds

const kinds = {
  redis: {
    url: (port) => `redis://127.0.0.1:${port}`,
    command: (port, folder) => [process.env.CHANX_REDIS_SERVER || 'redis-server',
      ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--save', '', '--appendonly', 'no']],
  },
  nats: {
    url: (port) => `nats://127.0.0.1:${port}`,
    command: (port, folder) => [process.env.CHANX_NATS_SERVER || 'nats-server',
      ['--addr', '127.0.0.1', '--port', `${port}`, '--jetstream', '--store_dir', folder]],
  },
};

/** A server of some kind that runs. */
export class Server {
  static async start(kind) {
    const server = new Server();
    server.folder = mkdtempSync(join(tmpdir(), `showcase-${kind}-`));
    const port = await freePort();
    server.url = kinds[kind].url(port);
    const [program, args] = kinds[kind].command(port, server.folder);
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
    server.output = '';
    server.process = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [server.process.stdout, server.process.stderr]) {
      stream.on('data', (chunk) => { server.output = (server.output + chunk).slice(-4096); });
    }
    server.process.on('error', (error) => { server.failure = `${error.message}: run make setup`; });
    server.process.on('exit', (code) => { server.failure ??= `it ended with ${code}: ${server.output}`; });
    const deadline = Date.now() + patience;
    while (!await answers(port)) {
      if (server.failure || Date.now() > deadline) {
        await server.stop();
        throw new Error(`there is no ${program}: ${server.failure ?? server.output}`);
      }
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    return server;
  }

  /** Ends the server at once; nothing is left of it. */
  async stop() {
    const { process: child } = this;
    if (child.pid && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => { child.once('exit', resolve); });
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Finds a port on which nobody listens. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Says whether somebody listens. */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}
