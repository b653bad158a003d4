'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { called } = require('../support/deadline');
const { Opcode, close } = require('../support/frame');
const { record } = require('../support/record');
const { connectRaw, startServer } = require('../support/server');

class EndlessBlob extends Blob {
  arrayBuffer() {
    return new Promise(() => {});
  }
}

class SlowBlob extends Blob {
  async arrayBuffer() {
    await this.release;
    return super.arrayBuffer();
  }
}

describe('WebSocket', () => {
  describe('#close behind a Blob', () => {
    it('terminates after closeTimeout if it is never read', async (t) => {
      const wss = await startServer(t, { closeTimeout: 50 });
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);

      ws.send(new EndlessBlob(['x']));
      ws.close(1000);
      await until('close');
      await raw.expectEnd();
      assert.deepStrictEqual(log, [['close', 1006, Buffer.alloc(0)]]);
      assert.strictEqual(wss.clients.size, 0);
    });

    it('sends the close frame behind it once it is read', async (t) => {
      const wss = await startServer(t);
      const { raw, ws } = await connectRaw(t, wss);
      const { log, until } = record(ws);
      const blob = new SlowBlob(['x']);
      let release;

      blob.release = new Promise((resolve) => {
        release = resolve;
      });

      const sent = called((cb) => ws.send(blob, cb));

      ws.close(1000);
      release();
      await raw.expectFrame(Opcode.BINARY, 'x');
      await raw.expectClose(1000);
      raw.write(close(1000));
      raw.socket.end();
      await until('close');
      assert.ok((await sent)[0] == null);
      assert.deepStrictEqual(log, [['close', 1000, Buffer.alloc(0)]]);
    });
  });
});
