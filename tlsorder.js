'use strict';
const impl=process.argv[2]; const M=require(impl==='ws'?'/work/main/node_modules/ws':'/work/main'); const W=require('/work/main/node_modules/ws');
const fs=require('fs'),path='/work/main/__test__/fixtures/tls/'; const how=process.argv[3]||'tls';
const files=fs.readdirSync(path); const key=fs.readFileSync(path+files.find(f=>/key/.test(f))), cert=fs.readFileSync(path+files.find(f=>/cert|crt/.test(f)));
const server=how==='tls'?require('https').createServer({key,cert}):require('http').createServer();
const wss=how==='port'?new M.WebSocketServer({port:0,perMessageDeflate:true},go):new M.WebSocketServer({server,perMessageDeflate:true});
if(how!=='port')server.listen(0,go);
wss.on('connection',ws=>{setTimeout(()=>{
 ws.on('close',()=>console.log('close'));
 ws.send('x'.repeat(3000),e=>console.log('cb1',e&&e.message)); ws.send('y',{compress:false},e=>console.log('cb2',e&&e.message)); ws.ping('a',false,e=>console.log('cb3',e&&e.message));
 ws.terminate(); process.nextTick(()=>console.log('tick')); setImmediate(()=>console.log('immediate')); setTimeout(()=>process.exit(),200);
 },100)});
function go(){const c=new W((how==='tls'?'wss':'ws')+'://127.0.0.1:'+(how==='port'?wss:server).address().port,{rejectUnauthorized:false}); c.on('error',()=>{}); c.on('message',d=>console.log('client got',d.length))}
