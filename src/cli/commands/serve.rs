//! `campaign serve`: all campaigns of the journal in a browser, live, and their figures for Prometheus.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::task::JoinHandle;

use crate::app::outputs::Inputs;
use crate::app::paths::CampaignPaths;
use crate::cli::failure::{Failure, Masking};
use crate::cli::session::Session;
use crate::cli::{commands, output, signals};
use crate::domain::delivery::ending::Exit;
use crate::domain::next_step::NextStep;
use crate::engine::Stop;
use crate::journal::{JournalError, Reader};
use crate::report::Names;
use crate::serve::{ServeError, ServeOptions, Server, TokenFileError, Transport};

const AFTER: &str = "\
The first line on stdout is the address with a token: whoever has it may look and steer. Programs send the token as
`Authorization: Bearer TOKEN`. /metrics is for Prometheus, /healthz and /readyz need no token. Ctrl-C ends the server;
runs neither need nor notice it.

Examples:
  The journal of this folder's campaigns, on a port of the system's choice:
    campaign serve
  From another machine, through a tunnel:
    campaign serve --listen 127.0.0.1:8080 --read-only
    ssh -L 8080:127.0.0.1:8080 HOST          # there";

/// Arguments of `campaign serve`.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER)]
pub struct ServeArgs {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Only show: the page cannot pause, stop, pace or suppress
    #[arg(long)]
    read_only: bool,
    /// Let reports name recipients: rows with numbers can be downloaded
    #[arg(long)]
    with_numbers: bool,
    /// Keep the token in this file (mode 0600), so that it is the same after the next start; a file that is not there is made
    #[arg(long, value_name = "PATH")]
    pub token_file: Option<PathBuf>,
    /// Certificate with its chain, PEM: serve TLS, also on addresses that are not loopback
    #[arg(long, value_name = "PATH", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key, PEM
    #[arg(long, value_name = "PATH", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Host, with its port if any, under which a proxy serves this over TLS
    #[arg(long, value_name = "HOST", conflicts_with = "tls_cert")]
    behind_proxy: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// What the user is told.
pub fn run(args: &ServeArgs, session: &Session<'_>) -> Result<Exit, Failure> {
    let paths = CampaignPaths::of_journal(&session.global.campaign_options())?;
    // A journal that is yet to be made is waited for; what never will be one is not.
    if let Err(
        error @ (JournalError::Foreign(_)
        | JournalError::Newer { .. }
        | JournalError::NotAFile(_)
        | JournalError::Linked { .. }),
    ) = Reader::open(&paths.journal)
    {
        return Err(error.into());
    }
    if let Some(token) = &args.token_file {
        let of_tls = [(&args.tls_cert, "the certificate"), (&args.tls_key, "the key of the certificate")];
        let of_tls: Vec<_> =
            of_tls.into_iter().filter_map(|(file, name)| Some((file.as_deref()?, name))).collect();
        let inputs = Inputs::of(&paths).with_lists_of(&paths).with_outputs(&of_tls);
        inputs.refuse(token, "the token", NextStep::AnotherPath)?;
    }
    let transport = match (&args.tls_cert, &args.tls_key, &args.behind_proxy) {
        (Some(certificate), Some(key), _) => {
            Transport::Tls { certificate: certificate.clone(), key: key.clone() }
        }
        (_, _, Some(host)) => Transport::Proxy(host.clone()),
        _ => Transport::Loopback,
    };
    let options = ServeOptions {
        journal: paths.journal,
        listen: args.listen,
        read_only: args.read_only,
        names: if args.with_numbers { Names::Shown } else { Names::Withheld },
        transport,
        token_file: args.token_file.clone(),
        who: format!("{}, by the page", crate::cli::session::user()),
    };
    commands::sending::runtime()?.block_on(async {
        let mut stop = signals::listen().map_err(|error| Failure {
            message: format!("failed to listen for signals: {error}"),
            hint: None,
            exit: Exit::Failure,
            gate: false,
            masking: Masking::Numbers,
        })?;
        let server = Server::bind(options, session.clock.clone()).await?;
        output::line(&format!("listening on {}", server.url()))?;
        server
            .run(async {
                // The sender lives as long as the runtime.
                _ = stop.wait_for(|stop| *stop != Stop::No).await;
            })
            .await;
        Ok(Exit::Done)
    })
}

/// The live page beside a run, for as long as this lives.
pub(in crate::cli::commands) struct LivePage(JoinHandle<()>);

impl Drop for LivePage {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl LivePage {
    /// Listens on an address of this machine, and says where. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// Where it cannot be listened on.
    pub(in crate::cli::commands) async fn begin(
        listen: SocketAddr,
        journal: &Path,
        session: &Session<'_>,
    ) -> Result<Self, Failure> {
        let options = ServeOptions {
            journal: journal.to_owned(),
            listen,
            read_only: false,
            names: Names::Withheld,
            transport: Transport::Loopback,
            token_file: None,
            who: format!("{}, by the page", crate::cli::session::user()),
        };
        let server = Server::bind(options, session.clock.clone()).await.map_err(|error| match error {
            error @ ServeError::NotLoopback(_) => {
                let hint = "name an address of this machine, such as 127.0.0.1:8080; `campaign serve` speaks TLS. Nothing was sent";
                Failure::usage(error.to_string(), hint)
            }
            error => error.into(),
        })?;
        output::note(&format!("live page: {}", server.url()));
        Ok(Self(tokio::spawn(server.run(std::future::pending()))))
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let hint = match &error {
            ServeError::NotLoopback(_) => {
                "listen on 127.0.0.1 and use a tunnel, or give --tls-cert and --tls-key, or --behind-proxy HOST"
            }
            ServeError::Listen { .. } => "choose another address or port; port 0 picks a free one",
            ServeError::Tls(_) => "give the certificate with its chain and its key, both PEM",
            ServeError::Token(TokenFileError::Random(_)) => {
                "see what the system says about its random numbers"
            }
            ServeError::Token(_) => "name a file that is not there yet: the token is written into it",
        };
        Self::usage(error.to_string(), hint)
    }
}
