'use strict';

/**
 * The URL of a client (RFC 6455 §3) and the request that it means. Beside `ws:`
 * and `wss:` there are `http:` and `https:`, which mean the same, and
 * `ws+unix:SOCKET-PATH:REQUEST-PATH`.
 */

const { unescape } = require('querystring');
const { URL } = require('url');

class Address {
  /**
   * @param {(String|URL)} address The URL; an object is not changed
   * @throws {SyntaxError} If it is none
   */
  constructor(address) {
    const url = webSocketUrlOf(address);

    this.url = url;
    this.isSecure = url.protocol === 'wss:';
    this.isIpc = url.protocol === 'ws+unix:';
  }

  /**
   * @type {String}
   */
  get href() {
    return this.url.href;
  }

  /**
   * What makes it no URL of a WebSocket, or `null`.
   *
   * @type {(String|null)}
   */
  get problem() {
    const { hash, pathname, protocol } = this.url;

    if (protocol !== 'ws:' && !this.isSecure && !this.isIpc) {
      return (
        'The URL\'s protocol must be one of "ws:", "wss:", ' +
        '"http:", "https:", or "ws+unix:"'
      );
    }

    if (this.isIpc && !pathname) return "The URL's pathname is empty";

    // RFC 6455 §3: fragment identifiers MUST NOT be used on these URIs.
    if (hash) return 'The URL contains a fragment identifier';

    return null;
  }

  /**
   * The options of `http.request()` that it decides. `auth` is among them only
   * if it has userinfo.
   *
   * @return {Object} The options
   */
  requestOptions() {
    const { hostname, pathname, port, search } = this.url;
    const options = {
      defaultPort: this.isSecure ? 443 : 80,
      host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
      path: pathname + search
    };

    options.port = port || options.defaultPort;

    if (this.isIpc) {
      const [socketPath, ...rest] = options.path.split(':');

      options.socketPath = socketPath;
      options.path = rest.join(':');
    }

    if (this.url.username || this.url.password) {
      const username = unescape(this.url.username);
      const password = unescape(this.url.password);

      options.auth = `${username}:${password}`;
    }

    return options;
  }
}

/**
 * @param {(String|URL)} address What the user passed, or a redirect led to
 * @return {URL} The URL, with the scheme of a WebSocket where it had HTTP's
 * @throws {SyntaxError} If it is none
 * @private
 */
function webSocketUrlOf(address) {
  let url = address;

  if (!(address instanceof URL)) {
    try {
      url = new URL(address);
    } catch {
      throw new SyntaxError(`Invalid URL: ${address}`);
    }
  }

  if (url.protocol === 'http:' || url.protocol === 'https:') {
    url = new URL(url);
    url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  }

  return url;
}

module.exports = Address;
