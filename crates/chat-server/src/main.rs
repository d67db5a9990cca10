//! `chat-server`: parses the arguments, runs the command, and turns its failure into a line and an exit code.

use std::process::ExitCode;

use chat_server::commands::{Failure, run};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in failure.to_string().lines() {
                eprintln!("chat-server: {line}");
            }
            match failure {
                Failure::Config(_) => ExitCode::from(2),
                Failure::Run(_) => ExitCode::FAILURE,
            }
        }
    }
}
