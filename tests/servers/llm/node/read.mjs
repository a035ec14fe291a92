// Reads one answer as a user of Node would, and prints a line of JSON for each happening: test_real_node.py reads them.
// node read.mjs fetch|EventSource URL LEAVE_AFTER

import { EventSource } from 'eventsource';

const [way, url, leaveAfter] = process.argv.slice(2);
let pieces = 0;

const say = (happening) => process.stdout.write(`${JSON.stringify(happening)}\n`);

function shown(text) {
  say({ saw: text });
  pieces += 1;
  return pieces === Number(leaveAfter);
}

async function readByFetch() {
  const leaving = new AbortController();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt: '世界?' }),
    signal: leaving.signal,
  });
  if (!response.ok) {
    say({ status: response.status });
    return;
  }
  let text = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
    const lines = text.split('\n');
    text = lines.pop();
    for (const line of lines) {
      const part = JSON.parse(line);
      if (part.type === 'error') say({ told: part.message });
      if (part.type === 'text' && shown(part.text)) {
        leaving.abort();
        say({ left: true });
        return;
      }
    }
  }
  say({ over: true });
}

function readByEventSource() {
  const source = new EventSource(url);
  source.onmessage = (event) => {
    const part = JSON.parse(event.data);
    if (part.type === 'error') say({ told: part.message });
    if (part.type === 'text' && shown(part.text)) {
      source.close();
      say({ left: true });
    } else if (part.type === 'end') {
      source.close();
      say({ over: true });
    }
  };
  source.onerror = (event) => {
    say({ error: 'error event', message: event.message ?? '', code: event.code ?? 0, state: source.readyState });
  };
}

if (way === 'EventSource') {
  readByEventSource();
} else {
  readByFetch().catch((error) => {
    say({ error: error.name, message: error.message, cause: error.cause?.message ?? '' });
  });
}
