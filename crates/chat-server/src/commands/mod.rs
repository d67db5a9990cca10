//! The commands, one per file, and how each ends.

mod banner;
mod migrate;
mod openapi;
mod serve;
mod token;

use std::{fmt, time::Duration};

use anyhow::Error;
use chat_domain::{id::UserId, model::user::Role};
use clap::{Parser, Subcommand, builder::PossibleValuesParser, builder::TypedValueParser};

use crate::config::{self, Config, ConfigError, env::Env, variables};

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// It may not begin: the configuration is not usable. Exit code 2.
    Config(ConfigError),
    /// It began, and something went wrong. Exit code 1.
    Run(Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            // The alternate form has the causes behind it, on the same line.
            Self::Run(error) => write!(f, "{error:#}"),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Run(error)
    }
}

/// One-to-one and group chat over REST and Socket.IO. Configured by environment variables.
#[derive(Debug, Parser)]
#[command(version, after_help = variables::help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; what happens when no command is given.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Print a token, signed with `JWT_SECRET`.
    Token(Token),
    /// Print the OpenAPI description of the REST interface as YAML.
    Openapi,
}

#[derive(Debug, clap::Args)]
struct Token {
    /// Whom the token is for.
    #[arg(long)]
    user: UserId,
    /// What it allows; may be given several times.
    #[arg(long = "role", value_parser = role_parser())]
    roles: Vec<Role>,
    /// For how many seconds it is good.
    #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    ttl: u64,
}

impl Token {
    const fn ttl(&self) -> Duration {
        Duration::from_secs(self.ttl)
    }
}

fn role_parser() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str))
        .try_map(|name| Role::parse(&name).ok_or("no such role"))
}

/// Runs what the command line asks for. Wrong arguments end the process with exit code 2.
///
/// # Errors
/// See [`Failure`].
pub fn run() -> Result<(), Failure> {
    let env = Env::of_process();
    match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let (config, auth) = Config::from_env(&env)?;
            serve::run(&config, auth)
        }
        Command::Migrate => migrate::run(&config::for_migrations(&env)?),
        Command::Token(token) => token::run(config::for_tokens(&env)?, &token),
        Command::Openapi => Ok(openapi::run()?),
    }
}
