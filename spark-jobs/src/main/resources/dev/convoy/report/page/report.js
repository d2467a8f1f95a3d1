(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const palette = ['#3b82f6', '#f97316', '#10b981', '#ef4444', '#8b5cf6', '#eab308', '#06b6d4', '#ec4899', '#84cc16', '#a16207'];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let drawn = [];

  /* The lines of a chart over the steps of all of them. */
  function table(chart) {
    const steps = [...new Set(chart.lines.flatMap((line) => line.x))].sort((a, b) => a - b);
    const columns = chart.lines.map((line) => {
      const values = new Map(line.x.map((x, i) => [x, line.y[i]]));
      return steps.map((x) => (values.has(x) ? values.get(x) : undefined));
    });
    return [steps, ...columns];
  }

  function draw(chart) {
    const element = document.getElementById('chart-' + chart.id);
    const axis = { stroke: colour('--muted'), grid: { stroke: colour('--rule') }, ticks: { stroke: colour('--rule') } };
    const rows = table(chart);
    const few = rows[0].length <= 60;
    let series = chart.lines.map((line, i) => ({
      label: line.label || chart.title,
      stroke: palette[i % palette.length],
      fill: chart.stacked ? palette[i % palette.length] : undefined,
      width: chart.stacked ? 0 : 1.5,
      spanGaps: true,
      points: { show: few && !chart.stacked, size: 5 },
      value: (u, v, at, row) => {
        if (v == null) return '–';
        /* Of an area its own height, not that of all below it. */
        const below = chart.stacked && row != null && u.data[at + 1] ? u.data[at + 1][row] || 0 : 0;
        return Number((v - below).toPrecision(4));
      },
    }));
    let columns = rows.slice(1);
    if (chart.stacked) {
      /* The highest area first, so that lower ones lie over it. */
      series = series.reverse();
      columns = columns.reverse();
    }
    const options = {
      width: Math.max(200, element.clientWidth),
      height: 240,
      scales: { x: { time: false }, y: chart.logarithmic ? { distr: 3 } : chart.stacked ? { range: [0, 1] } : {} },
      axes: [{ ...axis, label: 'step' }, { ...axis, label: chart.unit, size: 64 }],
      series: [{ label: 'step' }, ...series],
    };
    element.replaceChildren();
    drawn.push({ element, plot: new uPlot(options, [rows[0], ...columns], element) });
  }

  function heat(timeline) {
    const canvas = document.getElementById('heat');
    const rowHeight = Math.max(2, Math.min(22, Math.floor(360 / timeline.workers)));
    const scale = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    canvas.style.height = rowHeight * timeline.workers + 'px';
    canvas.width = width * scale;
    canvas.height = rowHeight * timeline.workers * scale;
    const context = canvas.getContext('2d');
    const cell = canvas.width / timeline.steps.length;
    context.fillStyle = colour('--track');
    context.fillRect(0, 0, canvas.width, canvas.height);
    const shows = document.getElementById('heat-shows');
    if (!shows.onchange) {
      /* In the address, so that a live page still shows it when it comes anew. */
      const before = location.hash.match(/^#shows-(data|compute|wait|exchange)$/);
      shows.value = before ? before[1] : '';
      shows.onchange = () => {
        history.replaceState(null, '', '#shows-' + shows.value);
        heat(timeline);
      };
    }
    const share = timeline.shares[shows.value];
    const calm = colour('--accent');
    const bad = colour('--bad');
    (share || timeline.percent).forEach((row, worker) => row.forEach((percent, column) => {
      const dark = share ? percent / 100 : Math.max(0, Math.min(1, (percent - 100) / 50));
      context.globalAlpha = 0.12 + 0.88 * dark;
      context.fillStyle = !share && dark > 0 ? bad : calm;
      context.fillRect(column * cell, worker * rowHeight * scale, Math.ceil(cell), (rowHeight - 1) * scale);
    }));
    canvas.onpointermove = canvas.onpointerdown = (event) => {
      const worker = Math.min(timeline.workers - 1, Math.floor(event.offsetY / rowHeight));
      const column = Math.min(timeline.steps.length - 1, Math.floor((event.offsetX / width) * timeline.steps.length));
      document.getElementById('heat-note').textContent =
        `worker ${worker}, up to step ${timeline.steps[column]}: ${timeline.percent[worker][column]} % of the median worker's time; ` +
        Object.entries(timeline.shares).map(([what, shares]) => `${what} ${shares[worker][column]} %`).join(', ');
    };
  }

  function all() {
    drawn.forEach((one) => one.plot.destroy());
    drawn = [];
    data.charts.forEach(draw);
    if (data.timeline) heat(data.timeline);
  }

  all();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', all);
  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if (window.innerWidth !== width) {
      width = window.innerWidth;
      all();
    }
  });

  if (data.version) {
    /* Asks whether there is something new, where the page came from, and shows it once it is whole. */
    setInterval(async () => {
      try {
        const now = await (await fetch('version')).text();
        if (now !== data.version && (await fetch('/')).ok) location.reload();
      } catch (gone) {
        document.title = 'ended: ' + document.title.replace(/^ended: /, '');
      }
    }, 2000);
  }
})();
