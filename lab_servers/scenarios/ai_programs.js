// What a user of Node writes: fetch with a reader, and an EventSource. Started by ai_programs.py, one line of JSON per
// happening on standard output. No package is needed: both are Node's own, EventSource behind an option.
'use strict';

const [way, url, prompt, leaveAfter] = process.argv.slice(2);
let pieces = 0;

function say(happening) {
  process.stdout.write(JSON.stringify(happening) + '\n');
}

function shown(text) {
  say({ saw: text });
  pieces += 1;
  return pieces === Number(leaveAfter);
}

// An error of fetch says why in its cause.
function raised(error) {
  const cause = error.cause ? ` (cause: ${error.cause.name}: ${error.cause.message})` : '';
  say({ error: error.name, message: `${error.message}${cause}` });
}

async function readByFetch() {
  const leaving = new AbortController();
  say({ asked: true });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'lab-model-1', messages: [{ role: 'user', content: prompt }], stream: true }),
    signal: leaving.signal,
  });
  if (!response.ok) {
    // fetch raises nothing for a status: whoever does not look at it reads an error as an answer.
    say({ met: `status ${response.status}: ${await response.text()}` });
    say({ over: 'a body that is no answer' });
    return;
  }
  let last = '';
  let text = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const events = text.split('\n\n');
    text = events.pop();
    for (const event of events) {
      if (!event.startsWith('data: ')) continue;
      const data = event.slice('data: '.length);
      if (data === '[DONE]') {
        last = data;
        continue;
      }
      const chunk = JSON.parse(data);
      if (chunk.error) say({ met: chunk.error.message });
      for (const choice of chunk.choices ?? []) {
        if (choice.delta.content && shown(choice.delta.content)) {
          say({ left: 'controller.abort()' });
          leaving.abort();
          return;
        }
      }
    }
  }
  say({ over: last });
}

function readByEventSource() {
  say({ asked: true });
  const source = new EventSource(url);
  source.onmessage = (event) => {
    const part = JSON.parse(event.data);
    if (part.type === 'text' && shown(part.text)) {
      source.close();
      say({ left: 'source.close()' });
    } else if (part.type === 'error') {
      source.close();
      say({ met: part.message });
      say({ over: 'an event of the server, then source.close()' });
    } else if (part.type === 'end') {
      source.close();
      say({ over: 'an event of the server, then source.close()' });
    }
  };
  source.onerror = (event) => {
    const states = ['it connects again by itself', 'open', 'closed for good'];
    say({ error: 'error event', message: `${event.message || 'no reason given'}; ${states[source.readyState]}` });
    source.close();
  };
}

if (way === 'fetch') readByFetch().catch(raised);
else readByEventSource();
