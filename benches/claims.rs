//! What closed lanes cost: claims from a million rows in 40 lanes, 39 of them closed, against claims from a million rows
//! in one.
//!
//! Of 40 lanes each fortieth row is claimed, and each is on another page of the journal, where neighbours share one: that
//! is a cost of where rows lie, not of rows that are closed. So there is a third journal, of one lane, in which each
//! fortieth row is a recipient and the others were left out of the file. `cargo bench --bench claims` prints both ratios,
//! and fails where closed lanes cost anything: where claims among them are slower than 0.95 of those of the third
//! journal. Rounds alternate, in one process, on files in memory where the system has such a place: a disk would be most
//! of the time.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use campaign::domain::hours::zones::Zones;
use campaign::domain::hours::{Jurisdiction, Lane};
use campaign::domain::message::request::{Leaf, Request, RequestTemplate};
use campaign::domain::row::token::TokenSpace;
use campaign::domain::unix_millis::UnixMillis;
use campaign::journal::{
    ClaimRequest, Content, FileLine, Identity, Journal, LaneCursor, LaneId, OpenLane, Pass, RowId, Service,
    Writer,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn Error>;

const ROWS: u64 = 1_000_000;
const LANES: u64 = 40;
const ROUNDS: usize = 39;
/// Rows of one claim, and claims of one round.
const CLAIM: u32 = 200;
const CLAIMS: u32 = 3;
const LEAST: f64 = 0.95;
const NOW: UnixMillis = UnixMillis::from_millis(1_772_357_400_000);

/// Every one a zone of its own.
const ZONES: &str = "Africa/Cairo Africa/Lagos America/Bogota America/Chicago America/Denver America/Halifax America/Lima \
    America/Los_Angeles America/Manaus America/New_York America/Phoenix America/Santiago America/Sao_Paulo \
    America/St_Johns Asia/Bangkok Asia/Dhaka Asia/Dubai Asia/Hong_Kong Asia/Jakarta Asia/Karachi Asia/Kathmandu \
    Asia/Kolkata Asia/Manila Asia/Seoul Asia/Singapore Asia/Taipei Asia/Tehran Asia/Tokyo Australia/Adelaide \
    Australia/Brisbane Australia/Perth Australia/Sydney Europe/Berlin Europe/Istanbul Europe/London Europe/Madrid \
    Europe/Moscow Europe/Paris Pacific/Auckland Pacific/Honolulu";

fn main() -> Result<(), Failure> {
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let path = |name: &str| folder.path().join(name);
        let mut journals = [
            Claims::of(&path("near.db"), 1, 1)?,
            Claims::of(&path("apart.db"), 1, LANES)?,
            Claims::of(&path("among.db"), LANES, 1)?,
        ];
        let mut rounds = [const { Vec::new() }; 3];
        for round in 0..ROUNDS {
            // Each goes first as often as the others.
            for turn in 0..journals.len() {
                let which = (round + turn) % journals.len();
                rounds[which].push(journals[which].round().await?);
            }
        }
        let [near, apart, among] = rounds.map(median);
        let ratio = |other: Duration| other.as_secs_f64() / among.as_secs_f64();
        say(&format!(
            "{ROWS} rows: {:.0} rows/s claimed from one lane, {:.0} from one of {LANES}, the others closed: {:.3}; {:.0} from one \
             lane whose rows lie as far apart: {:.3}",
            per_second(near),
            per_second(among),
            ratio(near),
            per_second(apart),
            ratio(apart)
        ));
        if ratio(apart) < LEAST { Err(format!("below {LEAST}").into()) } else { Ok(()) }
    })
}

struct Claims {
    writer: Writer,
    lane: Option<LaneId>,
    after: RowId,
}

impl Claims {
    /// A planned campaign in so many lanes. The first of them is open. Of `apart` rows one is a recipient.
    fn of(path: &Path, lanes: u64, apart: u64) -> Result<Self, Failure> {
        let mut journal = Journal::open(path)?;
        let identity = Identity {
            name: "bench".to_owned(),
            instance_id: "11111111-2222-3333-4444-555555555555".to_owned(),
            key_column: Some("key".to_owned()),
            service: Service::Simulated,
        };
        let campaign = journal.campaign(&identity, NOW)?;
        let mut plan = journal.begin_plan(campaign, &shape(), &["key".to_owned()])?;
        let space = TokenSpace::new(&identity.instance_id, &identity.name);
        let zones: Vec<&str> = ZONES.split_whitespace().collect();
        for from in (0..ROWS).step_by(10_000) {
            let batch: Vec<FileLine> =
                (from..from + 10_000).map(|n| line(n, (lanes, apart), &zones, &space)).collect();
            journal.plan(&mut plan, &batch)?;
        }
        journal.finish_plan(plan)?;
        let planned = journal.lanes(campaign)?;
        assert_eq!(planned.len() as u64, lanes, "as many lanes as zones");
        let lane = planned.first().and_then(|lane: &OpenLane| lane.id);
        let (writer, _) = Writer::spawn(journal, campaign);
        Ok(Self { writer, lane, after: RowId::START })
    }

    /// Claims of the open lane, one after the other, as a run makes them.
    #[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
    async fn round(&mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        for _ in 0..CLAIMS {
            let (lane, after) = (self.lane, self.after);
            let cursor =
                LaneCursor { lane, sender: None, most: CLAIM, pass: Pass::Queued, after, ends: false };
            let claim =
                self.writer.claim_next(ClaimRequest { lanes: vec![cursor], most: CLAIM }, NOW).await?;
            assert_eq!(claim.rows.len(), CLAIM as usize, "the lane has enough rows");
            self.after = claim.rows.last().map_or(self.after, |row| row.id);
        }
        Ok(began.elapsed())
    }
}

fn line(n: u64, (lanes, apart): (u64, u64), zones: &[&str], space: &TokenSpace) -> FileLine {
    let (key, zone) = (format!("C-{n}"), zones[usize::try_from(n % lanes).unwrap_or_default()]);
    if !n.is_multiple_of(apart) {
        let (code, reason) = ("left_out".to_owned(), "of no interest".to_owned());
        // As long as a recipient's row.
        let cells = vec![key.clone(), "-".repeat(70)];
        return FileLine {
            number: n + 2,
            rejected: None,
            cells,
            content: Content::LeftOut { code, reason, key: Some(key) },
        };
    }
    let content = Content::Recipient {
        client_token: space.token(&key),
        destination: format!("+1202555{:04}", n % 10_000),
        slots: vec!["Hi".to_owned()],
        key: key.clone(),
        lane: Zones::parse(zone).map(|zones| Lane { zones, jurisdiction: Jurisdiction::default() }),
        window: Default::default(),
        sender: None,
        suppressed: None,
    };
    FileLine { number: n + 2, rejected: None, cells: vec![key], content }
}

fn shape() -> RequestTemplate {
    Request {
        instance_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        sender_instance_id: None,
        contact_flow_id: Leaf::Fixed("flow".to_owned()),
        source: Leaf::Fixed("source".to_owned()),
        segment_attributes: Default::default(),
        attributes: Default::default(),
        chat_duration_minutes: None,
        display_name: Some(Leaf::Slot(0)),
        message: None,
        related_contact_id: None,
        supported_content_types: Vec::new(),
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn per_second(round: Duration) -> f64 {
    f64::from(CLAIM * CLAIMS) / round.as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "a benchmark says what it measured")]
fn say(text: &str) {
    println!("{text}");
}
