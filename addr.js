'use strict';
const impl=process.argv[2]; const M=require(impl==='ws'?'/work/main/node_modules/ws':'/work/main');
const net=require('net'); const {spawn}=require('child_process'); const how=process.argv[3];
const wss=new M.WebSocketServer({port:0,host:'127.0.0.1',verifyClient:(i)=>{console.log('verify',i.req.socket.remoteAddress);return true}},()=>{
 const port=wss.address().port;
 const code=`const s=require('net').connect(${port},'127.0.0.1',()=>{s.write('GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n');
 setTimeout(()=>{${how==='rst'?'s.resetAndDestroy()':how==='fin'?'s.end()':''}},50); ${how==='late'?"s.once('data',()=>s.resetAndDestroy())":''}});s.on('error',()=>{})`;
 spawn(process.execPath,['-e',code],{stdio:'inherit'});
 if(how!=='late') setTimeout(()=>{const e=Date.now()+600; while(Date.now()<e);},10);
});
wss.on('connection',(ws,req)=>{ if(how!=='late') console.log('connection',req.socket.remoteAddress,ws._socket.remoteAddress);
 ws.on('close',()=>{console.log('close',req.socket.remoteAddress);});});
wss.on('error',console.log);
setTimeout(()=>process.exit(),1500);
