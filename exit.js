'use strict';
const M=require(process.argv[2]==='ws'?'/work/main/node_modules/ws':'/work/main');
const wss=new M.WebSocketServer({port:0},()=>{ require('child_process').spawn(process.execPath,['-e',`const W=require('/work/main/node_modules/ws');const c=new W('ws://127.0.0.1:${wss.address().port}');c.on('message',d=>console.log('got '+d));c.on('close',c=>console.log('closed',c))`],{stdio:'inherit'})});
wss.on('connection',ws=>{process.on('exit',()=>ws.send('bye')); setTimeout(()=>process.exit(),200)});
