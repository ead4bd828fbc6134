//! Benchmarks over the tasks of a suite.

use ganas_core::error::Result;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use ganas_search::Recipe;
use ganas_tables::Ranking;

use super::plan::{BenchPlan, BenchTask};
use super::standing::{Field, comparisons, comparisons_over_tables, count_tables, standings};
use super::stored;
use super::{RESULTS, check_threads, read_recipes, seeds};
use crate::capable::check_capable;
use crate::files::write_json;
use crate::progress::Progress;
use crate::record::{SuiteReport, TaskReport};
use crate::run::{check_cost, check_queries};
use crate::session::Session;
use crate::spec::{StudySpec, SuiteSpec};
use crate::task::Task;

/// A benchmark over a suite, all of whose tasks are opened and checked.
pub struct PreparedSuite {
    spec: SuiteSpec,
    recipes: Vec<Recipe>,
    seeds: Vec<u64>,
    tasks: Vec<Task>,
}

impl PreparedSuite {
    /// Opens and checks everything that a specification names, before the first task runs.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn new(spec: &SuiteSpec, session: &Session) -> Result<PreparedSuite> {
        let shared = &spec.shared;
        let recipes = read_recipes(&shared.strategies, &shared.set, &session.registry)?;
        check_queries(shared.queries)?;
        let seeds = seeds(shared.seeds, shared.first_seed)?;
        check_threads(shared.threads)?;
        if let Some(folder) = &shared.out {
            let own: Vec<PathBuf> = spec.tasks.iter().map(|t| folder.join(&t.name)).collect();
            stored::check(folder, &own)?;
        }
        let mut tasks = Vec::with_capacity(spec.tasks.len());
        for task in &spec.tasks {
            let opened = Task::open(&task.task, shared.first_seed, session)
                .and_then(|opened| {
                    opened.check_queries(shared.queries.unwrap_or(task.queries))?;
                    check_cost(shared.cost.or(task.cost), &opened)?;
                    check_capable(&recipes, &opened, &session.registry)?;
                    Ok(opened)
                })
                .map_err(|e| e.about(&format!("task `{}`", task.name)))?;
            tasks.push(opened);
        }
        Ok(PreparedSuite {
            spec: spec.clone(),
            recipes,
            seeds,
            tasks,
        })
    }

    /// Runs it until its end or until `stop` is set, and writes the results into its folder. Whether all
    /// tasks ended comes with the record, which holds those that did.
    ///
    /// # Errors
    /// If a run cannot continue, or a file cannot be written.
    pub fn run(
        &self,
        command: &[String],
        progress: &Progress,
        stop: &AtomicBool,
    ) -> Result<(SuiteReport, bool)> {
        let spec = StudySpec::Suite(Box::new(self.spec.clone()));
        let shared = &self.spec.shared;
        let plan = BenchPlan {
            recipes: &self.recipes,
            seeds: &self.seeds,
            threads: shared.threads,
            spec: &spec,
            command,
        };
        let mut bench_tasks = Vec::with_capacity(self.tasks.len());
        for (of_suite, task) in self.spec.tasks.iter().zip(&self.tasks) {
            progress.say(&format!("{}: {}", of_suite.name, task.announcement));
            task.say_notes(progress);
            let bench_task = BenchTask {
                spec: &of_suite.task,
                task,
                queries: shared.queries.unwrap_or(of_suite.queries),
                cost: check_cost(shared.cost.or(of_suite.cost), task)?,
                out: shared.out.as_ref().map(|out| out.join(&of_suite.name)),
            };
            bench_tasks.push((&of_suite.name, bench_task));
        }
        let bar = progress.queries(bench_tasks.iter().map(|(_, p)| plan.queries(p)).sum());
        let names: Vec<String> = self.recipes.iter().map(Recipe::to_string).collect();
        let (mut done, mut fields, mut is_whole) = (Vec::new(), Vec::new(), true);
        for (name, bench_task) in &bench_tasks {
            let benched = plan.bench(bench_task, &bar, stop)?;
            if !benched.is_whole {
                // Tasks that are not whole would count for less than others.
                is_whole = false;
                break;
            }
            let field = Field {
                table: bench_task.task.data(),
                queries: bench_task.queries,
                compliant: bench_task.task.ranking.as_ref().map(Ranking::len),
                courses: benched.courses,
            };
            done.push(TaskReport {
                name: (*name).clone(),
                report: benched.report,
                comparisons: comparisons(&names, &field),
            });
            fields.push(field);
        }
        drop(bar);
        let strategies: Vec<(String, String)> = (self.recipes.iter())
            .map(|recipe| (recipe.strategy().into(), recipe.preset().into()))
            .collect();
        let report = SuiteReport {
            suite: self.spec.file.clone(),
            tables: count_tables(&fields),
            standings: standings(&strategies, &fields),
            comparisons: comparisons_over_tables(&names, &fields),
            tasks: done,
            ganas: crate::VERSION.into(),
            command: command.to_vec(),
        };
        if let Some(folder) = &shared.out {
            write_json(&folder.join(RESULTS), &report)?;
        }
        Ok((report, is_whole))
    }
}
