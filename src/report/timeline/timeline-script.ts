/**
 * The page's script of the timeline. It draws only the chosen video, so that 5,000 videos load as fast as one. All text
 * is set by textContent, because labels and file names come from users' files.
 */
export const timelineScript = `
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('timeline-data').textContent);
  const strips = JSON.parse(document.getElementById('strips-data').textContent);
  const find = document.getElementById('find');
  const picker = document.getElementById('video');
  const slider = document.getElementById('score');
  const shown = document.getElementById('score-value');
  const chart = document.getElementById('tracks');
  const rows = document.getElementById('detections');
  const table = document.getElementById('detections-table');
  const summary = document.getElementById('summary');
  const hasTruth = data.videos.some((video) => video.truth.length > 0);

  const add = (parent, tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const colour = (label) => 'hsl(' + ((label * 137.508 + 210) % 360).toFixed(0) + ' 65% 52%)';
  const time = (s) => {
    const minutes = Math.floor(s / 60);
    return minutes + ':' + (s - 60 * minutes).toFixed(2).padStart(5, '0');
  };
  const tiou = (a, b) => {
    const both = Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
    return both / (a.end - a.start + b.end - b.start - both);
  };
  const truthOf = (video) => {
    const list = [];
    for (let i = 0; i < video.truth.length; i += 3) {
      list.push({ start: video.truth[i], end: video.truth[i + 1], label: video.truth[i + 2] });
    }
    return list;
  };
  const detectionsOf = (flat, least) => {
    const list = [];
    for (let i = 0; i < flat.length && flat[i + 2] >= least; i += 4) {
      list.push({ start: flat[i], end: flat[i + 1], score: flat[i + 2], label: flat[i + 3] });
    }
    return list;
  };

  const fillPicker = () => {
    const wanted = find.value.trim().toLowerCase();
    const before = picker.value;
    picker.replaceChildren();
    data.videos.forEach((video, index) => {
      if (video.id.toLowerCase().includes(wanted)) picker.append(new Option(video.id, index));
    });
    if ([...picker.options].some((option) => option.value === before)) picker.value = before;
    else if (picker.options.length > 0) picker.selectedIndex = 0;
  };

  const bar = (track, item, duration, className, title) => {
    const node = add(track, 'button', 'bar ' + className);
    node.type = 'button';
    node.tabIndex = -1;
    node.dataset.start = item.start;
    node.style.left = (100 * item.start) / duration + '%';
    node.style.width = (100 * (item.end - item.start)) / duration + '%';
    node.style.setProperty('--label', colour(item.label));
    node.title = title;
    node.setAttribute('aria-label', title);
    return node;
  };

  const filmStrip = (video) => {
    if (!Object.hasOwn(strips, video.id)) return;
    add(chart, 'div', 'name');
    add(chart, 'div', 'row');
    const picture = add(add(chart, 'div', 'track strip'), 'img');
    picture.alt = 'Pictures of ' + video.id + ', evenly spread over its time';
    picture.src = 'data:image/jpeg;base64,' + strips[video.id];
  };

  const predictionErrors = (video) => {
    (video.errors || []).forEach((errors, run) => {
      if (errors.length === 0) return;
      const name = add(chart, 'div', 'name', 'prediction error');
      name.title = 'How wrongly each snippet is predicted from those before it';
      add(chart, 'div', 'row', data.runs[run]).title = data.runs[run];
      const track = add(chart, 'div', 'track curve');
      const svg = track.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
      svg.setAttribute('viewBox', '0 0 ' + errors.length + ' 1');
      svg.setAttribute('preserveAspectRatio', 'none');
      svg.setAttribute('role', 'img');
      svg.setAttribute('aria-label', 'Prediction error of ' + video.id + ' over time');
      const line = svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'polyline'));
      line.setAttribute('points', errors.map((error, i) => i + 0.5 + ',' + (1 - error)).join(' '));
    });
  };

  const axis = (duration) => {
    add(chart, 'div', 'name');
    add(chart, 'div', 'row');
    const track = add(chart, 'div', 'track axis');
    const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600];
    const step = steps.find((s) => duration / s <= 10) || Math.ceil(duration / 10);
    for (let t = 0; t < 0.97 * duration; t += step) {
      const at = step < 1 ? t.toFixed(1) : Math.floor(t / 60) + ':' + String(t % 60).padStart(2, '0');
      const tick = add(track, 'span', 'tick', at);
      tick.style.left = (100 * t) / duration + '%';
    }
  };

  const current = () => (picker.value === '' ? undefined : data.videos[Number(picker.value)]);

  const draw = () => {
    const least = Number(slider.value);
    shown.textContent = least.toPrecision(3);
    chart.replaceChildren();
    const video = current();
    chart.dispatchEvent(new CustomEvent('show', { detail: { video } }));
    if (!video) {
      summary.textContent = 'No video matches.';
      fillTable();
      return;
    }
    const truth = truthOf(video);
    const byRun = video.detections.map((flat) => detectionsOf(flat, least));
    const labels = [...new Set([...truth, ...byRun.flat()].map((item) => item.label))].sort((a, b) => a - b);

    filmStrip(video);
    predictionErrors(video);
    axis(video.duration);
    for (const label of labels) {
      const name = add(chart, 'div', 'name', data.labels[label]);
      name.title = data.labels[label];
      name.style.setProperty('--label', colour(label));
      name.style.gridRow = 'span ' + ((hasTruth ? 1 : 0) + byRun.length);
      let first = ' first';
      const lane = (title) => {
        add(chart, 'div', 'row' + first, title).title = title;
        const track = add(chart, 'div', 'track' + first);
        first = '';
        return track;
      };
      if (hasTruth) {
        const track = lane('truth');
        for (const item of truth) {
          if (item.label !== label) continue;
          const title = data.labels[label] + ', truth, ' + time(item.start) + ' to ' + time(item.end);
          bar(track, item, video.duration, 'truth', title);
        }
      }
      byRun.forEach((list, run) => {
        const track = lane(data.runs[run]);
        // The best one is drawn last, so that it lies on top.
        for (const item of list.filter((d) => d.label === label).reverse()) {
          const when = time(item.start) + ' to ' + time(item.end);
          const title = data.labels[label] + ', ' + data.runs[run] + ', score ' + item.score + ', ' + when;
          const opacity = (0.25 + (0.75 * item.score) / data.maxScore).toFixed(3);
          bar(track, item, video.duration, 'detection', title).style.opacity = opacity;
        }
      });
    }

    // The tab key stops at one bar only; arrows move on from there.
    const first = chart.querySelector('.bar');
    if (first) first.tabIndex = 0;
    const count = byRun.reduce((sum, list) => sum + list.length, 0);
    const instances = hasTruth ? truth.length + ' instances, ' : '';
    summary.textContent = time(video.duration) + ' long, ' + instances + count + ' detections shown';
    fillTable();
  };

  const fillTable = () => {
    rows.replaceChildren();
    const video = current();
    if (!video || !table.open) return;
    const truth = truthOf(video);
    video.detections.forEach((flat, run) => {
      for (const item of detectionsOf(flat, Number(slider.value))) {
        const best = Math.max(0, ...truth.filter((t) => t.label === item.label).map((t) => tiou(t, item)));
        const row = add(rows, 'tr');
        const cells = [data.runs[run], data.labels[item.label], time(item.start), time(item.end), item.score];
        for (const text of hasTruth ? [...cells, best.toFixed(2)] : cells) {
          add(row, 'td', '', String(text));
        }
      }
    });
  };

  const play = (seconds) => chart.dispatchEvent(new CustomEvent('play', { detail: { video: current(), seconds } }));
  chart.addEventListener('click', (event) => {
    const track = event.target.closest('.track');
    if (!track) return;
    const bar = event.target.closest('.bar');
    const { left, width } = track.getBoundingClientRect();
    play(bar ? Number(bar.dataset.start) : (current().duration * (event.clientX - left)) / width);
  });

  const startOf = (bar) => Number(bar.dataset.start);
  chart.addEventListener('keydown', (event) => {
    const bar = event.target.closest('.bar');
    if (!bar) return;
    const lanes = [...chart.querySelectorAll('.track')]
      .map((track) => [...track.querySelectorAll('.bar')].sort((a, b) => startOf(a) - startOf(b)))
      .filter((lane) => lane.length > 0);
    const at = lanes.findIndex((lane) => lane.includes(bar));
    const lane = lanes[at];
    const distance = (other) => Math.abs(startOf(other) - startOf(bar));
    const nearest = (others = []) => others.toSorted((a, b) => distance(a) - distance(b))[0];
    const targets = {
      ArrowRight: lane[lane.indexOf(bar) + 1],
      ArrowLeft: lane[lane.indexOf(bar) - 1],
      ArrowDown: nearest(lanes[at + 1]),
      ArrowUp: nearest(lanes[at - 1]),
      Home: lane[0],
      End: lane.at(-1),
    };
    if (!Object.hasOwn(targets, event.key)) return;
    event.preventDefault();
    const target = targets[event.key];
    if (!target) return;
    bar.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  });

  const move = (by) => {
    const next = picker.selectedIndex + by;
    if (next < 0 || next >= picker.options.length) return;
    picker.selectedIndex = next;
    draw();
  };
  find.addEventListener('input', () => { fillPicker(); draw(); });
  picker.addEventListener('change', draw);
  slider.addEventListener('input', draw);
  table.addEventListener('toggle', fillTable);
  document.getElementById('previous').addEventListener('click', () => move(-1));
  document.getElementById('next').addEventListener('click', () => move(1));

  slider.max = data.maxScore;
  slider.value = data.threshold;
  fillPicker();
  draw();
})();
`;
