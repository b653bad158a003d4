import { Server } from 'oxws';

new Server({ port: 0 });
