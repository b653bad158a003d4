'use strict';

//
// Two network namespaces with a cable between them that can be pulled.
//

const { execFileSync } = require('node:child_process');
const { existsSync } = require('node:fs');

const PREFIX = 'oxws-soak';
const SERVER = '198.18.0.1';
const CLIENT = '198.18.0.2';

function ip(...args) {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' });
}

function remove(namespace) {
  // Ends the devices in it too, and with one end of the cable the other.
  ip('netns', 'del', namespace);
}

/**
 * Remove what a run that was killed left behind.
 */
function removeLeftovers() {
  for (const line of ip('netns', 'list').split('\n')) {
    const [name] = line.split(' ');
    const [, pid] = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name) ?? [];

    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(name);
  }
}

function prepare() {
  try {
    removeLeftovers();
  } catch (err) {
    if (err.code !== 'ENOENT') throw err;
    execFileSync('apt-get', ['install', '-y', 'iproute2'], { stdio: 'pipe' });
    removeLeftovers();
  }
}

/**
 * Make the namespaces. Needs root, and on Linux iproute2, which is installed
 * from Debian's packages if it is absent.
 *
 * @param {Check} check The check that owns them
 * @return {Object} The names of both, the server's address, `cut()`, `mend()`
 */
function createNamespaces(check) {
  const server = `${PREFIX}-${process.pid}-server`;
  const client = `${PREFIX}-${process.pid}-client`;

  try {
    prepare();

    for (const namespace of [server, client]) {
      ip('netns', 'add', namespace);
      check.defer(() => remove(namespace));
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }

    ip(
      ...['-n', server, 'link', 'add', 'cable', 'type', 'veth'],
      ...['peer', 'name', 'cable', 'netns', client]
    );
    ip('-n', server, 'addr', 'add', `${SERVER}/30`, 'dev', 'cable');
    ip('-n', client, 'addr', 'add', `${CLIENT}/30`, 'dev', 'cable');
    for (const namespace of [server, client]) {
      ip('-n', namespace, 'link', 'set', 'cable', 'up');
    }
  } catch (err) {
    throw new Error(
      'Network namespaces could not be made; this check needs root and ' +
        `iproute2: ${err.stderr || err.message}`,
      { cause: err }
    );
  }

  return {
    address: SERVER,
    client,
    server,
    /**
     * From here on all packets are lost, and nobody is told.
     */
    cut() {
      ip('-n', client, 'link', 'set', 'cable', 'down');
    },
    mend() {
      ip('-n', client, 'link', 'set', 'cable', 'up');
    }
  };
}

module.exports = { createNamespaces };
