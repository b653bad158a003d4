'use strict';

/**
 * The two polling columns, on a plain Node HTTP server.
 *
 * `GET /short?client=ID&after=N` answers at once with the ticks after tick N,
 * be there any or not. `GET /long?...` does the same, but when there are none it
 * waits for the next one. Both answer `{ ticks, bytes }`, where `bytes` is what
 * the exchanges of that kind have moved for this client so far, request and
 * response heads included, without the exchange that is under way.
 */

const KINDS = ['short', 'long'];
const CLIENT = /^[a-z0-9]{8}$/;

// Clients come and go without saying so: beyond this many, the one that has
// been silent for longest is forgotten.
const MAX_CLIENTS = 1000;

class Polling {
  /**
   * @param {Market} market
   */
  constructor(market) {
    this._market = market;
    this._clients = new Map();
    this._counted = new WeakMap();
    this._totals = {
      short: { requests: 0, bytes: 0 },
      long: { requests: 0, bytes: 0 }
    };
  }

  /**
   * Has to see every exchange of the HTTP server, also those that are no polls:
   * they share sockets, and what belongs to nobody must not be put on a poll's
   * account.
   *
   * @param {http.IncomingMessage} req
   * @param {http.ServerResponse} res
   * @param {URL} url
   * @return {Boolean} Whether this was a poll and is being answered
   */
  handle(req, res, url) {
    const kind = KINDS.find((name) => url.pathname === `/${name}`);
    const id = url.searchParams.get('client');

    if (!kind || req.method !== 'GET' || !CLIENT.test(id)) {
      this._meter(req, res, () => {});
      return false;
    }

    const client = this._clientOf(id);
    this._totals[kind].requests++;
    this._meter(req, res, (bytes) => {
      client[kind] += bytes;
      this._totals[kind].bytes += bytes;
    });

    const after = Number(url.searchParams.get('after') ?? NaN);
    const answer = () => {
      const ticks = this._market.since(after);
      const body = JSON.stringify({ ticks, bytes: client[kind] });
      res.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store'
      });
      res.end(body);
    };

    if (kind === 'short' || after !== this._market.latest) {
      answer();
    } else {
      this._market.once('tick', answer);
      res.on('close', () => this._market.off('tick', answer));
    }
    return true;
  }

  stats() {
    return { short: { ...this._totals.short }, long: { ...this._totals.long } };
  }

  /**
   * Counts by the socket's own counters, which see what is on the wire: the
   * bytes of an exchange are those since the end of the one before it on the
   * same connection.
   */
  _meter(req, res, onBytes) {
    const { socket } = req;

    res.on('close', () => {
      const before = this._counted.get(socket) ?? 0;
      const total = socket.bytesRead + socket.bytesWritten;
      this._counted.set(socket, total);
      onBytes(total - before);
    });
  }

  _clientOf(id) {
    const client = this._clients.get(id) ?? { short: 0, long: 0 };

    // A Map keeps the order of insertion: the first one is the longest silent.
    this._clients.delete(id);
    this._clients.set(id, client);
    if (this._clients.size > MAX_CLIENTS) {
      this._clients.delete(this._clients.keys().next().value);
    }
    return client;
  }
}

module.exports = { Polling };
