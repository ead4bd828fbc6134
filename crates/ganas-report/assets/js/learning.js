// Learning curves of runs with several fidelities, coloured by how trainings were left.

const ENDS = [
  ["whole", "trained to the highest level"],
  ["paused", "paused by the strategy"],
  ["stopped", "stopped early: unlikely to be the best"],
  ["failed", "failed"],
];

/** The learning curves of one run at a time; nothing without several fidelities. */
function learningFigure(task) {
  const runs = task.runs.filter((run) => run.learning?.length);
  if (!runs.length) return null;
  const options = runs.map((run, i) => [String(i), `${run.strategy}, seed ${run.seed}`]);
  return new Figure({
    title: "Learning curves",
    caption: "One line an architecture. Its colour says how its training was left.",
    height: 340,
    canvas: true,
    controls: { run: { label: "Run", options } },
    build: (state, colours) => {
      const run = runs[Number(state.run)];
      const ends = ENDS.filter(([end]) => run.learning.some((curve) => curve.end === end));
      const colour = (end) => colours.colour(ENDS.findIndex(([name]) => name === end));
      const lines = ends.flatMap(([end, name]) =>
        run.learning
          .filter((curve) => curve.end === end && curve.points.length)
          .map((curve) => ({ name, arch: curve.arch, colour: colour(end), faint: true, points: curve.points })),
      );
      const option = lineChart({
        lines,
        colours,
        smooth: true,
        tip: (line, point) => `${num(point[1])} (${line.arch})`,
        x: { name: run.axis ?? "level" },
        y: { name: task.objective, scale: true },
      });
      const rows = lines.flatMap((line) => line.points.map((p) => [line.arch, line.name, ...p]));
      const legend = ends.map(([end, name]) => ({ name, colour: colour(end) }));
      return { option, csv: { columns: ["arch", "end", run.axis ?? "level", task.objective], rows }, legend };
    },
  });
}
