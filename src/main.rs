//! The binary `campaign`.

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
enum Cli {
    Simulator(campaign::commands::simulator::SimulatorArgs),
}

fn main() -> ExitCode {
    let Cli::Simulator(args) = Cli::parse();
    match campaign::commands::simulator::run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a stand-in for the real main")]
            {
                eprintln!("campaign: {error}");
            }
            ExitCode::from(2)
        }
    }
}
