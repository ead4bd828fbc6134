//! Workers of the user's own.

use crate::spec;

spec! {
    /// Programs that evaluate architectures.
    pub struct WorkersSpec {
        /// Program that evaluates architectures, with its arguments, as `python train.py`;
        /// docs/command-evaluator.md describes its messages
        command: Option<String> => |field| field.value("PROGRAM ARGS").heading("Workers");
        /// The most seconds that an evaluation by a worker may take [default: any]; tables and surrogates
        /// have no timeout
        timeout: Option<f64> => |field| field.value("SECONDS").heading("Workers");
        /// The most seconds until a worker is ready, the queue of a cluster included
        startup: f64 = 600.0 => |field| {
            field.value("SECONDS").requires("command").heading("Workers")
        };
        /// Further tries of an evaluation after its worker crashed or hung
        retries: usize = 2 => |field| field.value("N").requires("command").heading("Workers");
        /// The most seconds from a request to stop until a worker that goes on is killed and started again
        grace: f64 = 10.0 => |field| {
            field.value("SECONDS").requires("command").heading("Workers")
        };
        /// A number that workers are given with each architecture, such as epochs
        budget: Option<f64> => |field| field.value("NUMBER").requires("command").heading("Workers");
    }
}
