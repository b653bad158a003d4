'use strict';
const M=require(process.argv[2]==='ws'?'/work/main/node_modules/ws':'/work/main'); const W=require('/work/main/node_modules/ws');
const server=require('http').createServer(); const wss=new M.WebSocketServer({server});
server.on('connection',s=>{const d=s._destroy; s._destroy=function(e,cb){console.log('own _destroy called');return d.call(this,e,cb)};
 const st=s.setTimeout; s.setTimeout=function(...a){console.log('own setTimeout',a[0]);return st.apply(this,a)};
 const e=s.end; s.end=function(...a){console.log('own end');return e.apply(this,a)}; const p=s.pause; s.pause=function(){console.log('own pause');return p.call(this)}});
wss.on('connection',ws=>setTimeout(()=>{console.log('adopted; calls:');ws._socket.setTimeout(0);ws._socket.pause();ws._socket.resume();ws.close()},50));
server.listen(0,()=>{const c=new W('ws://127.0.0.1:'+server.address().port);c.on('close',()=>setTimeout(()=>process.exit(),100))});
