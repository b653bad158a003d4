// The package as an ES module sees it: by name, through `exports`.

import WebSocket, {
  WebSocket as NamedWebSocket,
  WebSocketServer,
  type AddressInfo,
  type RawData,
  type Server,
  type ServerOptions
} from 'oxws';
// @ts-expect-error the package has no other entry
import 'oxws/js/binding.js';

const options: ServerOptions = { port: 0 };
const wss: Server = new WebSocketServer(options);
const address = wss.address() as AddressInfo;
const open: typeof WebSocket.OPEN = NamedWebSocket.OPEN;

wss.on('connection', (websocket: WebSocket) => {
  const same: NamedWebSocket = websocket;
  websocket.on('message', (data: RawData) => data);
});
