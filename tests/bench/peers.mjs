// SPDX-License-Identifier: MIT
//
// peers - programs from Debian's packages that relay the same bytes, measured beside the
// gateway: nginx and haproxy as tunnels, websockify as what people use without a gateway.
//
// They are configured as their packages and the usual recipes for a websocket do it; what
// differs is said here and in docs/performance.md. TLS to Proxmox always; tls: to the browser
// too. Each is a group of processes of its own, which ends with this one, however it ends.

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { makeCa, makeLeaf } from '../lib/certs.mjs';
import { claimPorts } from '../lib/ports.mjs';
import { tempDir } from '../lib/temp.mjs';
import { until, within } from '../lib/wait.mjs';
import { startPve } from './load.mjs';
import { Subject } from './subject.mjs';

const START_MS = 10000;
const STOP_MS = 5000;

const running = new Set();
process.on('exit', () => {
	for (const child of running)
		killGroup(child, 'SIGKILL');
});

function killGroup(child, signal) {
	try {
		process.kill(-child.pid, signal);
	} catch {
		/* It has ended. */
	}
}

/* A program in a process group of its own; what it says goes to a file. */
export class Peer extends Subject {
	constructor(name, { pve, tls }) {
		super(name, pve);
		this.scheme = tls ? 'https' : 'http';
		this.tls = tls;
		this.dir = tempDir('peer');
		this.logFile = join(this.dir, 'log');
	}

	/* The certificate that its browsers see, and a port for them. */
	async prepare() {
		this.leaf = await makeLeaf(this.dir, await makeCa(this.dir));
		this.ports = await claimPorts(1);
		this.port = this.ports.first;
		this.url = `${this.scheme}://127.0.0.1:${this.port}`;
	}

	async spawn(command, args) {
		const log = openSync(this.logFile, 'a');
		const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', command, ...args],
			{ cwd: this.dir, stdio: ['ignore', log, log], detached: true });
		closeSync(log);
		running.add(child);
		this.child = child;
		this.over = false;
		this.ended = new Promise((resolve) => {
			child.once('error', resolve);
			child.once('exit', resolve);
		}).then(() => {
			this.over = true;
			running.delete(child);
		});
		try {
			await until(() => this.answers(), START_MS, `${this.name} to listen`);
		} catch (e) {
			await this.end();
			throw new Error(`${e.message}: ${readFileSync(this.logFile, 'utf8').slice(-500)}`);
		}
		this.pid = child.pid;
	}

	/* Does it accept connections? */
	answers() {
		if (this.over)
			throw new Error(`${this.name} ended at its start`);
		return new Promise((resolve) => {
			const socket = net.connect(this.port, '127.0.0.1');
			socket.once('error', () => resolve(false));
			socket.once('connect', () => {
				socket.destroy();
				resolve(true);
			});
		});
	}

	/* How a peer ends is no figure of it: websockify does not always, when it is told to. */
	async end() {
		killGroup(this.child, 'SIGTERM');
		await within(this.ended, STOP_MS).catch(() => {});
		killGroup(this.child, 'SIGKILL');
		await within(this.ended, STOP_MS, `${this.name} to stop`);
	}

	async stop() {
		await this.end();
		this.ports.release();
	}
}

/*
 * nginx as its package has it (workers "auto", its TLS lines) with the proxy_set_header lines
 * of its own page about websockets. worker_connections is raised from 768, for hundreds of
 * sessions; the upstream's certificate is verified, as the gateway does.
 */
function nginxConf({ tls, port, leaf, pve, dir, buffers }) {
	const { username } = userInfo();
	return `
${process.getuid() === 0 ? `user ${username};` : ''}
daemon off;
pid ${dir}/pid;
worker_processes auto;
worker_rlimit_nofile 16384;
events {
	worker_connections 8000;
}
http {
	sendfile on;
	tcp_nopush on;
	access_log ${dir}/access.log;
	client_body_temp_path ${dir}/body;
	proxy_temp_path ${dir}/proxy;
	fastcgi_temp_path ${dir}/fastcgi;
	uwsgi_temp_path ${dir}/uwsgi;
	scgi_temp_path ${dir}/scgi;
	ssl_protocols TLSv1.2 TLSv1.3;
	ssl_prefer_server_ciphers on;
	map $http_upgrade $connection_upgrade {
		default upgrade;
		'' close;
	}
	server {
		listen 127.0.0.1:${port}${tls ? ' ssl' : ''};
		${tls ? `ssl_certificate ${leaf.cert}; ssl_certificate_key ${leaf.key};` : ''}
		location / {
			proxy_pass https://127.0.0.1:${pve.port};
			proxy_http_version 1.1;
			proxy_set_header Host $host;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection $connection_upgrade;
			proxy_read_timeout 1h;
			proxy_send_timeout 1h;
			proxy_ssl_verify on;
			proxy_ssl_trusted_certificate ${pve.caFile};
			proxy_ssl_name localhost;
		}
		${buffers}
	}
}
`;
}

const LARGE_BUFFERS = 'proxy_buffer_size 128k; proxy_buffers 8 128k; ' +
	'proxy_busy_buffers_size 128k; ssl_buffer_size 128k;';

function nginx(name, buffers) {
	return async (place) => {
		const peer = new Peer(name, place);
		await peer.prepare();
		const conf = join(peer.dir, 'nginx.conf');
		writeFileSync(conf, nginxConf({ ...place, port: peer.port, leaf: peer.leaf,
			dir: peer.dir, buffers }));
		await peer.spawn('nginx', ['-p', peer.dir, '-e', 'stderr', '-c', conf]);
		return peer;
	};
}

/*
 * haproxy with its package's timeouts, in http mode, which becomes a tunnel after the 101;
 * a server line as most are: TLS, not verified.
 */
async function haproxy(place) {
	const peer = new Peer('haproxy', place);
	await peer.prepare();
	const both = join(peer.dir, 'both.pem');
	writeFileSync(both, readFileSync(peer.leaf.cert) + readFileSync(peer.leaf.key, 'latin1'));
	const conf = join(peer.dir, 'haproxy.cfg');
	writeFileSync(conf, `
defaults
	mode http
	timeout connect 5s
	timeout client 50s
	timeout server 50s
	timeout tunnel 1h
listen console
	bind 127.0.0.1:${peer.port}${place.tls ? ` ssl crt ${both}` : ''}
	server pve 127.0.0.1:${place.pve.port} ssl verify none
`);
	await peer.spawn('haproxy', ['-db', '-f', conf]);
	return peer;
}

/*
 * websockify speaks TCP to its target, no websocket, and makes no calls of Proxmox's API: what
 * is behind it is RFB in TLS (--ssl-target, which verifies nothing). Its target is fixed when
 * it starts, and a process is forked for each connection.
 */
class Websockify extends Peer {
	constructor(place) {
		super('websockify', place);
		this.direct = false;
		this.raw = true;
		this.work = null;
	}

	async begin() {
		await this.prepare();
		return this;
	}

	async links(count, work) {
		if (this.work !== work)
			await this.lead(work);
		return Array.from({ length: count }, () => `${this.url}/`);
	}

	/* Start it anew in front of guests that do this work. */
	async lead(work) {
		await this.unlead();
		this.pve = await startPve({ rawWork: work });
		this.work = work;
		const tls = this.tls ? ['--cert', this.leaf.cert, '--key', this.leaf.key, '--ssl-only'] : [];
		await this.spawn('websockify', [...tls, '--ssl-target', `127.0.0.1:${this.port}`,
			`127.0.0.1:${this.pve.rawPort}`]);
	}

	async unlead() {
		if (this.work === null)
			return;
		this.work = null;
		await this.end();
		await this.pve.stop();
	}

	async stop() {
		await this.unlead();
		this.ports.release();
	}
}

/* By the names that rows have. */
export const PEERS = {
	nginx: nginx('nginx', ''),
	'nginx 128k': nginx('nginx 128k', LARGE_BUFFERS),
	haproxy,
	websockify: (place) => new Websockify(place).begin(),
};

/* What was measured beside the gateway, by the packages' own versions. */
export function peerVersions() {
	const version = (name) => {
		try {
			return execFileSync('dpkg-query', ['-W', '-f', '${Version}', name],
				{ stdio: ['ignore', 'pipe', 'ignore'] }).toString();
		} catch {
			return 'not a package';
		}
	};
	return Object.fromEntries(['nginx', 'haproxy', 'websockify'].map((n) => [n, version(n)]));
}
