//! `ganas measure`: the latency of a network on this machine.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use ganas_core::error::Error;
use ganas_core::space::SearchSpace;
use ganas_study::files::{prepare, write_json};
use ganas_study::source::recipe::usable;
use ganas_study::text::rounded;
use ganas_train::{Frame, Network, Plan, latency};
use serde::Serialize;

use crate::end::End;
use crate::names;
use crate::registry::registry;

const EXAMPLES: &str = "\
Examples:
  ganas measure '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|none~2|' --space nasbench201
  ganas measure resnet --space nasbench101 --batch 8 --threads 4 --passes 100

The network has fresh weights, which do not matter for its time. The time is that of the network as
`ganas search --train` computes it, on the CPU.";

/// Arguments of `ganas measure`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MeasureArgs {
    /// Architecture in the space's notation or by its name
    #[arg(value_name = "ARCH")]
    arch: String,

    /// Search space: a name that `ganas space list` shows, or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: String,

    /// Images of a pass
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,

    /// Threads of a pass
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,

    /// Passes that are timed
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    passes: u32,

    /// Channels of the stem [default: those of the benchmark]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    width: Option<u32>,

    /// Cells a stage, or repeats of each block in chains [default: as in the benchmark]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    depth: Option<u32>,

    /// Height and width of the images
    #[arg(long, value_name = "PIXELS", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=4096))]
    image_size: u32,

    /// File for the times as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Times of a network as JSON.
#[derive(Serialize)]
struct Measured {
    space: String,
    arch: String,
    /// Milliseconds of a pass.
    median_ms: f64,
    /// A 95 % interval of the median.
    interval_ms: [f64; 2],
    batch: u32,
    threads: u32,
    passes: u32,
    image: [usize; 3],
    params: usize,
}

/// Runs the command.
///
/// # Errors
/// If the architecture cannot be read, or its network not be built.
pub fn run(args: &MeasureArgs) -> Result<End> {
    let space: Arc<dyn SearchSpace> = registry().notations(&args.space)?.into();
    let arch = space.parse(&args.arch).map_err(|why| {
        Error::input(format!("`{}`: {why}", args.arch))
            .mend("write it as `ganas space sample` does")
    })?;
    if let Some(file) = &args.json {
        prepare(file)?;
    }
    let side = args.image_size as usize;
    let frame = Frame {
        image: [side, side, 3],
        classes: 10,
        width: args.width.map(|n| n as usize),
        depth: args.depth.map(|n| n as usize),
    };
    let plan = Plan::build(&*space, &arch, &frame).map_err(usable)?;
    plan.check_params().map_err(usable)?;
    let params = plan.params();
    let network = Network::new(plan, 0, &ganas_train::cpu());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads as usize)
        .build()
        .map_err(|e| Error::evaluator(format!("cannot start threads ({e})")))?;
    let (batch, passes) = (args.batch as usize, args.passes as usize);
    let times = pool
        .install(|| latency(&network, batch, passes))
        .map_err(usable)?;
    let measured = Measured {
        space: space.name().into(),
        arch: space.format(&arch),
        median_ms: times.median(),
        interval_ms: times.interval(),
        batch: args.batch,
        threads: args.threads,
        passes: args.passes,
        image: frame.image,
        params,
    };
    let [low, high] = measured.interval_ms.map(rounded);
    println!("arch      {}", measured.arch);
    println!("params    {params}");
    println!(
        "latency   {} ms, 95 % interval {low} to {high} ms",
        rounded(measured.median_ms)
    );
    println!(
        "passes    {} of {} on {}",
        args.passes,
        counted(args.batch, "image"),
        counted(args.threads, "thread")
    );
    if let Some(file) = &args.json {
        write_json(file, &measured)?;
    }
    Ok(End::Done)
}

fn counted(count: u32, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}
