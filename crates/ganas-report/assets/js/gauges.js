// What strategies report round by round.

/** What strategies report, and how it is read. */
const GAUGES = {
  gamma: [
    "Threshold of Algorithm 1 (gamma_t)",
    (t) => t.objective,
    "The objective that a member of the truth set has at least: the level that the next distribution is fitted above.",
  ],
  rho: [
    "Share above the threshold (rho_t)",
    () => "share",
    "The members of the truth set as a share of everything evaluated: the rarity of what the generator learns from.",
  ],
  d_loss: [
    "Discriminator: loss",
    () => "nats",
    "Class-balanced cross-entropy L = ½ E[−log D(true)] + ½ E[−log(1 − D(generated))] after the fit of the round; log 2 ≈ 0.693 is a coin's.",
    [[Math.LN2, "log 2"]],
  ],
  d_accuracy: [
    "Discriminator: accuracy",
    () => "share",
    "Class-balanced share of pairs on the right side of one half; 0.5 means that generated architectures look like the truth set.",
    [[0.5, "chance"]],
  ],
  js: [
    "Jensen-Shannon divergence, estimated",
    () => "nats",
    "JS ≥ log 2 − L, with the discriminator's loss L as above (Goodfellow et al. 2014, theorem 1; half the sum of both classes' cross-entropies). At least 0, at most log 2: the distance between the truth set and the generator that this discriminator can show.",
  ],
  ess: [
    "Effective sample size",
    () => "graphs",
    "How many draws of the truth set's density the generated graphs are worth, weighted by the discriminator's odds: the square of the weights' sum over the sum of their squares. One means that a single graph looks like the truth set; at most the size of the truth set.",
  ],
  g_loss: ["Generator: loss", () => "", "PPO's clipped surrogate, negated, mean over the steps of the round."],
  g_reward: [
    "Generator: reward",
    () => "",
    "Mean reward of a training episode in the round's last update: the discriminator's score of a valid architecture, or minus the number of violations, and the step rewards.",
  ],
  g_value_loss: [
    "Generator: loss of the value",
    () => "",
    "Mean squared error of the value that PPO's advantages are taken against.",
  ],
  g_entropy: [
    "Generator: entropy",
    () => "nats a step",
    "Mean entropy of a choice; at 0 the generator makes one architecture only.",
  ],
  g_kl: [
    "Generator: divergence of the updates",
    () => "nats",
    "Estimated KL divergence from the policy that played the episodes to the one after the update.",
  ],
  g_valid: ["Generator: valid", () => "share", "Generated graphs that are architectures of the space."],
  g_duplicates: ["Generator: duplicates", () => "share", "Valid graphs that had been evaluated or generated before."],
  hypervolume: [
    "Hypervolume",
    () => "share of the box",
    "The share of the box between the reference point and the best values that the front dominates.",
  ],
  d_rank_accuracy: [
    "Ranking head: accuracy",
    () => "share",
    "Pairs of evaluated architectures that the ranking head orders rightly.",
    [[0.5, "chance"]],
  ],
};

/** One thing that strategies report, against queries; nothing where there is only one round of it. */
function gaugeFigure(task, curves, gauge) {
  if (!curves[gauge].some((c) => c.x.length > 1)) return null;
  const [title, unit, caption, marks = []] = GAUGES[gauge] ?? [
    gauge,
    () => "",
    "As the strategy reports it at the end of each round.",
  ];
  const each = (run) =>
    gauge === "hypervolume" ? run.hypervolume : run.rounds.filter((r) => gauge in r.gauges).map((r) => [r.queries, r.gauges[gauge]]);
  return new Figure({
    title,
    caption,
    height: 260,
    controls: {
      ...(several(task) ? { runs: RUNS, spread: SPREAD } : {}),
      ...(gauge === "gamma" ? { range: RANGE } : {}),
    },
    build: (state, colours) => {
      const lines = linesOf(task, curves[gauge], each, state, colours);
      const option = lineChart({
        lines,
        marks,
        colours,
        tip: meanTip,
        smooth: true,
        x: { name: "queries" },
        y: {
          name: unit(task),
          ...(unit(task) === "share" ? { min: 0, max: 1 } : {}),
          ...(state.range === "late" && lines.length ? late(lines, task.minimize) : {}),
        },
      });
      return { option, csv: curvesCsv(lines), legend: legendOf(lines) };
    },
  });
}
