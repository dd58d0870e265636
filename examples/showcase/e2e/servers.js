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
      ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always']],
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
    server.kind = kinds[kind];
    server.folder = mkdtempSync(join(tmpdir(), `showcase-${kind}-`));
    server.port = await freePort();
    server.url = server.kind.url(server.port);
    await server.launch();
    return server;
  }

  /** Starts the server, for the first time or again, with what it had kept. */
  async launch() {
    const [program, args] = this.kind.command(this.port, this.folder);
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
    let output = '';
    let failure;
    this.process = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (chunk) => { output = (output + chunk).slice(-4096); });
    }
    this.process.on('error', (error) => { failure = `${error.message}: run make setup`; });
    this.process.on('exit', (code) => { failure ??= `it ended with ${code}: ${output}`; });
    const deadline = Date.now() + patience;
    while (!await answers(this.port)) {
      if (failure || Date.now() > deadline) {
        await this.stop();
        throw new Error(`there is no ${program}: ${failure ?? output}`);
      }
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }

  /** Ends the server at once. */
  async kill() {
    const { process: child } = this;
    if (!child.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => { child.once('exit', resolve); });
    child.kill('SIGKILL');
    await ended;
  }

  /** Ends the server for good; nothing is left of it. */
  async stop() {
    await this.kill();
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
