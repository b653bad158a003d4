'use strict';

/**
 * A registry on this machine that has few packages, all others being unknown.
 */

const { createHash } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');

/**
 * @param {Object[]} packages `{ manifest, tarball }`: a package.json's object,
 *     and the packed package in a Buffer. Without a tarball the package is known
 *     but cannot be downloaded.
 * @return {Promise<Object>} `{ url, requests, close() }`, with the paths that
 *     were asked for
 */
async function startRegistry(packages) {
  const requests = [];
  const server = http.createServer((req, res) => {
    requests.push(req.url);

    const found = packages.find(({ manifest: { name } }) =>
      [`/${name}`, `/${name}.tgz`].includes(req.url)
    );

    if (found && !req.url.endsWith('.tgz')) {
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify(packument(found, url)));
    } else if (found?.tarball) {
      res.end(found.tarball);
    } else {
      res.writeHead(404).end('{}');
    }
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;

  return {
    url,
    requests,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  };
}

function packument({ manifest, tarball = '' }, url) {
  const { name, version } = manifest;
  const digest = createHash('sha512').update(tarball).digest('base64');
  const dist = {
    tarball: `${url}/${name}.tgz`,
    integrity: `sha512-${digest}`
  };

  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } }
  };
}

module.exports = { startRegistry };
