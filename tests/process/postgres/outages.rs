//! What becomes of a run when PostgreSQL, or the way to it, goes away: everybody has one contact.

use rustix::process::{Pid, Signal, kill_process};

use crate::process::postgres::campaigns::{machine, report};
use crate::process::postgres::cluster::Cluster;
use crate::process::postgres::proxy::{Cut, Proxy};
use crate::process::server::Server;
use crate::process::site::Site;

/// A run over a way that is cut at one of its commits.
fn cut_at(cut: Cut, commits: i64) {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let proxy = Proxy::to(cluster.port, cut);
    let site = Site::with_people(200);
    let address = format!("postgres://tester@127.0.0.1:{}/postgres?sslmode=disable", proxy.port);
    let args = ["run", "people.csv", "--yes", "--rate=200", "--burst=1", "--endpoint-url", server.endpoint()];
    let run = site.start(&[&args[..], &["-j", &address]].concat());
    server.wait_for_requests(20);
    proxy.arm(commits);
    site.wait(run).exits(0).says(&["a commit got no answer from PostgreSQL", "started     200"]);
    assert!(proxy.was_cut());
    let report = report(&site, &address);
    assert_eq!(report.iter().filter(|record| record.state == "started").count(), 200);
    server.has_each_once(&report);
    assert_eq!(server.requests(), 200, "nothing was asked for twice");
    site.run(&["journal", "check", "-j", &address]).exits(0);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_commit_that_did_not_arrive_is_made_again() {
    cut_at(Cut::Before, 0);
    cut_at(Cut::Before, 3);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_commit_whose_answer_was_lost_is_found() {
    cut_at(Cut::After, 0);
    cut_at(Cut::After, 3);
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_run_goes_on_after_the_server_was_killed_and_started_again() {
    let (mut cluster, server) = (Cluster::start(""), Server::start(&[]));
    let address = cluster.address("");
    let site = Site::with_people(400);
    let args = ["run", "people.csv", "--yes", "--rate=200", "--burst=1", "--endpoint-url", server.endpoint()];
    let run = site.start(&[&args[..], &["-j", &address]].concat());
    for requests in [40, 120, 200] {
        server.wait_for_requests(requests);
        cluster.restart();
    }
    site.wait(run).exits(0).says(&["PostgreSQL is back"]);
    server.has_each_once(&report(&site, &address));
    assert_eq!(server.requests(), 400);
}

/// One that cannot wait ends, and the next one goes on.
#[test]
#[ignore = "needs PostgreSQL"]
fn a_run_ends_where_the_server_stays_away() {
    let (mut cluster, server) = (Cluster::start(""), Server::start(&[]));
    let (address, patient) = (cluster.address("&patience=0"), cluster.address(""));
    let site = Site::with_people(200);
    let args = ["run", "people.csv", "--yes", "--rate=200", "--burst=1", "--endpoint-url", server.endpoint()];
    let run = site.start(&[&args[..], &["-j", &address]].concat());
    server.wait_for_requests(40);
    cluster.restart();
    site.wait(run).exits(1).says(&["PostgreSQL"]);
    let other = machine(&site);
    other.run(&[&args[..], &["-j", &patient]].concat()).exits(0);
    server.has_each_once(&report(&other, &patient));
}

/// A server that lost commits is noticed by a machine that has them; who removes its replica goes on, with the same tokens.
#[test]
#[ignore = "needs PostgreSQL"]
fn a_server_that_lost_commits_is_noticed() {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let address = cluster.address("");
    let site = Site::with_people(40);
    let send = ["run", "people.csv", "--yes", "--endpoint-url", server.endpoint(), "-j", &address];
    site.run(&[&send[..], &["--limit=10"]].concat()).exits(4);
    cluster.sql("ALTER SCHEMA campaign RENAME TO kept");
    // As a standby that was behind has it.
    let before = machine(&site);
    before.run(&["journal", "copy", &cluster.address("&schema=kept"), "before.db"]).exits(0);
    cluster.sql("ALTER SCHEMA kept RENAME TO campaign");
    site.run(&[&send[..], &["--limit=10"]].concat()).exits(4);
    let (number, id) = (
        cluster.sql("SELECT number FROM campaign.journal"),
        cluster.sql("SELECT before FROM campaign.commit_log ORDER BY number DESC LIMIT 1"),
    );
    cluster.sql("DROP SCHEMA campaign CASCADE");
    before.run(&["journal", "copy", "before.db", &address]).exits(0);
    cluster.sql(&format!("UPDATE campaign.journal SET number = {number} - 5, id = '{id}'"));
    for args in [&["status", "-j", &address][..], &send] {
        site.run(args).exits(1).says(&["has lost commits", "within six days"]);
    }
    assert_eq!(server.requests(), 20);
    std::fs::remove_dir_all(site.path(".cache")).unwrap();
    site.run(&send).exits(0);
    let report = report(&site, &address);
    assert_eq!(report.iter().filter(|record| record.state == "started").count(), 40);
    server.has_each_once(&report);
}

/// Promise 8: whoever was held still, and lost its session meanwhile, commits nothing once another one has its campaign.
#[test]
#[ignore = "needs PostgreSQL"]
fn a_run_that_wakes_up_after_another_took_over_ends() {
    let (cluster, server) = (Cluster::start(""), Server::start(&[]));
    let address = cluster.address("");
    let site = Site::with_people(200);
    let args = ["run", "people.csv", "--yes", "--rate=50", "--burst=1", "--endpoint-url", server.endpoint()];
    let args = [&args[..], &["-j", &address]].concat();
    let first = site.start(&args);
    server.wait_for_requests(20);
    let process = Pid::from_child(&first);
    kill_process(process, Signal::STOP).unwrap();
    let sessions = "FROM pg_stat_activity WHERE application_name = 'campaign'";
    cluster.sql(&format!("SELECT pg_terminate_backend(pid) {sessions}"));
    while cluster.sql(&format!("SELECT count(*) {sessions}")) != "0" {
        std::thread::yield_now();
    }
    let second = machine(&site);
    let limited = second.run(&[&args[..], &["--limit=60"]].concat());
    limited.exits(4);
    let number = cluster.sql("SELECT number FROM campaign.journal");
    kill_process(process, Signal::CONT).unwrap();
    site.wait(first).exits(1).says(&["another one has taken the campaign over: process "]);
    assert_eq!(cluster.sql("SELECT number FROM campaign.journal"), number, "it committed nothing");
    second.run(&args).exits(0);
    server.has_each_once(&report(&second, &address));
}
