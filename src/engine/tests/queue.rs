//! The queue: what it claims, when, and when it says that nothing is left.

use super::*;
use crate::engine::Admittance;
use crate::engine::queue::{Queue, Step};

const MANY: usize = usize::MAX;
const BEGIN: UnixMillis = UnixMillis::from_millis(0);

/// The queue of a run whose file was read before it began, or is read while it goes on.
fn queue() -> Queue {
    Queue::new(PlanProgress::read_before(), Admittance::default(), Vec::new(), (&[], BEGIN))
}

fn streaming() -> (Queue, watch::Sender<PlanProgress>) {
    let (sender, feed) = watch::channel(PlanProgress::Reading { queued: 0 });
    (Queue::new(feed, Admittance::default(), Vec::new(), (&[], BEGIN)), sender)
}

impl Desk {
    fn top_up(&self, queue: &mut Queue, ahead: usize, fresh: usize) {
        queue.top_up(&self.writer, &self.clock, &[ahead], fresh);
    }

    /// Tops up, and waits for what is claimed then: the lines, `None` where nothing was asked for.
    async fn claim(&self, queue: &mut Queue, ahead: usize, fresh: usize) -> Option<Vec<u64>> {
        self.top_up(queue, ahead, fresh);
        if !queue.is_claiming() {
            return None;
        }
        match queue.next().await.unwrap() {
            Step::Claimed(claim) => {
                let lines = claim.rows.iter().map(|row| row.line.unwrap()).collect();
                queue.ready.extend(claim.rows);
                Some(lines)
            }
            Step::News(feed) => panic!("{feed:?}"),
        }
    }

    /// Until nothing more is asked for.
    async fn claim_all(&self, queue: &mut Queue) -> Vec<u64> {
        let mut lines = Vec::new();
        while let Some(more) = self.claim(queue, 100, MANY).await {
            lines.extend(more);
        }
        lines
    }
}

/// The next step, if there is one without anything else happening.
async fn step(queue: &mut Queue) -> Option<Step> {
    tokio::time::timeout(Duration::from_secs(9), queue.next()).await.ok().map(Result::unwrap)
}

#[tokio::test(start_paused = true)]
async fn rows_in_doubt_come_first_then_those_that_wait_and_then_it_is_exhausted() {
    let desk = Desk::in_doubt(7, 2).await;
    let mut queue = queue();
    assert_eq!((queue.held(), queue.is_claiming(), queue.is_exhausted()), (0, false, false));
    assert_eq!(desk.claim(&mut queue, 2, MANY).await, Some(vec![1, 2]));
    queue.ready.take_all();
    assert_eq!(desk.claim(&mut queue, 2, MANY).await, Some(vec![]), "no more in doubt");
    assert_eq!(desk.claim(&mut queue, 2, MANY).await, Some(vec![3, 4]));
    queue.ready.take_all();
    assert_eq!(desk.claim(&mut queue, 3, MANY).await, Some(vec![5, 6, 7]));
    assert!(!queue.is_exhausted());
    queue.ready.take_all();
    assert!(!queue.is_exhausted(), "nobody has looked behind the last one");
    assert_eq!(desk.claim(&mut queue, 3, MANY).await, Some(vec![]));
    assert!(queue.is_exhausted() && !queue.waits_for_file());
    assert_eq!(desk.claim(&mut queue, 3, MANY).await, None);
    assert!(!queue.sweep(), "no row can have come back behind the pass");
}

#[tokio::test(start_paused = true)]
async fn it_tops_up_when_half_is_gone_one_claim_at_a_time_and_no_more_than_the_run_may_begin_with() {
    let desk = Desk::new(30);
    let mut queue = queue();
    desk.claim(&mut queue, 6, MANY).await;
    assert_eq!(desk.claim(&mut queue, 0, MANY).await, None, "none ahead");
    assert_eq!(desk.claim(&mut queue, 6, 0).await, None, "none that it may begin with");
    assert_eq!(desk.claim(&mut queue, 6, MANY).await.unwrap().len(), 6);
    queue.ready.truncate(4);
    assert_eq!(desk.claim(&mut queue, 6, MANY).await, None, "more than half are left");
    queue.ready.truncate(3);
    desk.top_up(&mut queue, 6, MANY);
    assert!(queue.is_claiming());
    assert_eq!(queue.held(), 6, "three are ready, three being claimed");
    desk.top_up(&mut queue, 100, MANY);
    assert_eq!(queue.held(), 6, "one claim at a time");
    assert_eq!(desk.claim(&mut queue, 100, MANY).await, Some(vec![7, 8, 9]));
    queue.ready.take_all();
    assert_eq!(desk.claim(&mut queue, 6, 2).await, Some(vec![10, 11]));
    queue.ready.take_all();
    assert_eq!(desk.claim(&mut queue, 6, 0).await, None);
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_tried_again_come_before_new_ones_and_are_no_new_ones() {
    let desk = Desk::new(9);
    let mut queue = queue();
    desk.claim(&mut queue, 4, MANY).await;
    desk.claim(&mut queue, 4, MANY).await;
    let rows: Vec<Claimed> = queue.ready.take_all();
    for row in &rows {
        desk.give_back(row).await;
        queue.due.push(row.id);
    }
    assert_eq!(queue.held(), 4);
    assert_eq!(desk.claim(&mut queue, 3, 0).await, Some(vec![1, 2, 3]), "also where no new one may begin");
    assert_eq!((queue.held(), queue.due.len()), (4, 1));
    queue.ready.truncate(1);
    desk.top_up(&mut queue, 3, 0);
    queue.due.extend([rows[1].id, rows[2].id]);
    assert_eq!(queue.held(), 1 + 2 + 1, "ready, due, being claimed");
    assert_eq!(desk.claim(&mut queue, 3, 0).await, Some(vec![4]));
}

#[tokio::test(start_paused = true)]
async fn rows_are_held_wherever_they_are() {
    let desk = Desk::new(9);
    let mut queue = queue();
    desk.claim(&mut queue, 1, MANY).await;
    desk.claim(&mut queue, 1, MANY).await;
    desk.top_up(&mut queue, 5, MANY);
    queue.due.extend([RowId::START; 2]);
    assert_eq!(queue.held(), 1 + 2 + 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_due_or_being_claimed_is_not_exhausted_yet() {
    let desk = Desk::new(2);
    let mut queue = queue();
    assert_eq!(desk.claim_all(&mut queue).await, [1, 2]);
    assert!(!queue.is_exhausted(), "two are ready");
    let rows: Vec<Claimed> = queue.ready.take_all();
    assert!(queue.is_exhausted());
    desk.give_back(&rows[0]).await;
    queue.due.push(rows[0].id);
    assert!(!queue.is_exhausted(), "one is due");
    desk.top_up(&mut queue, 9, MANY);
    assert!(queue.due.is_empty() && !queue.is_exhausted(), "it is being claimed");
    assert_eq!(desk.claim(&mut queue, 9, MANY).await, Some(vec![1]));
    queue.ready.take_all();
    assert!(queue.is_exhausted());
}

#[tokio::test(start_paused = true)]
async fn while_the_file_is_read_it_waits_for_news_and_goes_on_where_it_was() {
    let desk = Desk::new(2);
    let (mut queue, file) = streaming();
    assert!(!queue.waits_for_file(), "it has not looked yet");
    assert_eq!(desk.claim_all(&mut queue).await, [1, 2]);
    let rows: Vec<Claimed> = queue.ready.take_all();
    assert!(queue.waits_for_file() && !queue.is_exhausted());
    assert!(step(&mut queue).await.is_none(), "there is no news");

    // A row that is tried again needs no file.
    desk.give_back(&rows[1]).await;
    queue.due.push(rows[1].id);
    assert!(!queue.waits_for_file());
    desk.top_up(&mut queue, 9, MANY);
    assert!(!queue.waits_for_file(), "it is being claimed");
    assert_eq!(desk.claim(&mut queue, 9, MANY).await, Some(vec![2]));
    queue.ready.take_all();
    assert!(queue.waits_for_file());

    desk.plan(3..=4);
    file.send_replace(PlanProgress::Reading { queued: 2 });
    assert!(matches!(step(&mut queue).await, Some(Step::News(PlanProgress::Reading { queued: 2 }))));
    assert!(!queue.waits_for_file());
    assert_eq!(desk.claim_all(&mut queue).await, [3, 4]);
    queue.ready.take_all();
    assert!(queue.waits_for_file());
    file.send_replace(PlanProgress::Read { queued: 2 });
    assert!(matches!(step(&mut queue).await, Some(Step::News(PlanProgress::Read { queued: 2 }))));
    assert_eq!(desk.claim_all(&mut queue).await, [0; 0]);
    assert!(queue.is_exhausted());
}

/// What was planned after a claim looked, and before it said what it found, must not wait for the next news.
#[tokio::test(start_paused = true)]
async fn news_that_come_during_a_claim_are_looked_at_after_it() {
    let desk = Desk::new(1);
    let (mut queue, file) = streaming();
    assert_eq!(desk.claim(&mut queue, 9, MANY).await, Some(vec![]), "nothing is in doubt");
    desk.top_up(&mut queue, 9, MANY);
    file.send_replace(PlanProgress::Reading { queued: 1 });
    assert!(matches!(queue.next().await, Ok(Step::News(_))), "told at once");
    assert_eq!(desk.claim(&mut queue, 9, MANY).await, Some(vec![1]));
    assert!(!queue.waits_for_file(), "there may be more");
    queue.ready.take_all();
    assert_eq!(desk.claim(&mut queue, 9, MANY).await, Some(vec![]));
    assert!(queue.waits_for_file(), "that was old news");
}

#[tokio::test(start_paused = true)]
async fn who_fed_and_is_gone_has_said_what_there_was_to_say() {
    // Gone while the queue waits: it must be told.
    let desk = Desk::new(1);
    let (mut queue, file) = streaming();
    assert_eq!(desk.claim_all(&mut queue).await, [1]);
    queue.ready.take_all();
    drop(file);
    assert!(matches!(step(&mut queue).await, Some(Step::News(_))));
    assert_eq!(desk.claim_all(&mut queue).await, [0; 0]);
    assert!(queue.is_exhausted());
    assert!(step(&mut queue).await.is_none(), "told once");

    // Gone before: nothing to wait for, and nothing to be told of.
    let desk = Desk::new(1);
    let (mut queue, file) = streaming();
    drop(file);
    assert_eq!(desk.claim_all(&mut queue).await, [1]);
    queue.ready.take_all();
    assert!(queue.is_exhausted());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_read_is_read_though_its_reader_is_still_there() {
    let desk = Desk::new(1);
    let (mut queue, file) = streaming();
    file.send_replace(PlanProgress::Read { queued: 0 });
    assert!(matches!(step(&mut queue).await, Some(Step::News(_))));
    assert_eq!(desk.claim_all(&mut queue).await, [1]);
    queue.ready.take_all();
    assert!(queue.is_exhausted());
}

/// A plan during the run can bring a row back that the pass has gone by: at the end it looks once more, and only once.
#[tokio::test(start_paused = true)]
async fn after_a_file_that_was_read_meanwhile_it_looks_once_more_from_the_beginning() {
    let desk = Desk::new(2);
    let (mut queue, file) = streaming();
    assert_eq!(desk.claim_all(&mut queue).await, [1, 2]);
    let rows: Vec<Claimed> = queue.ready.take_all();
    desk.give_back(&rows[0]).await;
    file.send_replace(PlanProgress::Read { queued: 0 });
    assert!(step(&mut queue).await.is_some());
    assert_eq!(desk.claim_all(&mut queue).await, [0; 0], "the pass has gone by");
    assert!(queue.is_exhausted());
    assert!(queue.sweep());
    assert!(!queue.is_exhausted());
    assert_eq!(desk.claim_all(&mut queue).await, [1]);
    assert!(!queue.sweep());
}
