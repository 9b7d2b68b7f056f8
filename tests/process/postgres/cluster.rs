//! A PostgreSQL of the test's own, below `target/`, on a socket and a port of loopback. As root it runs as another user, for it
//! refuses to run as root.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// Some user who is not root.
const NOBODY: u32 = 65_534;

/// A running server with the superuser `tester`, who needs no password; it is gone when the test is done with it.
pub(crate) struct Cluster {
    child: Child,
    folder: tempfile::TempDir,
    pub(crate) port: u16,
}

impl Cluster {
    /// Starts one. Lines of `access` stand before those of pg_hba.conf that trust everybody.
    pub(crate) fn start(access: &str) -> Self {
        let folder = folder();
        let data = folder.path().join("data");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut init = of_another_user("initdb");
        init.args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--username=tester", "-D"])
            .arg(&data);
        let made = init.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let trusting = fs::read_to_string(data.join("pg_hba.conf")).unwrap();
        fs::write(data.join("pg_hba.conf"), format!("{access}\n{trusting}")).unwrap();
        for (from, to) in [("serve_certificate.pem", "server.crt"), ("serve_key.pem", "server.key")] {
            let copy = data.join(to);
            fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process").join(from), &copy).unwrap();
            fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
            if rustix::process::geteuid().is_root() {
                chown(&copy, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let child = server(&data, folder.path(), port);
        let mut cluster = Self { child, folder, port };
        cluster.wait_until_up();
        cluster
    }

    fn wait_until_up(&mut self) {
        while !self.psql("SELECT 1").output().unwrap().status.success() {
            assert_eq!(self.child.try_wait().unwrap(), None, "PostgreSQL ended while it was starting");
            std::thread::yield_now();
        }
    }

    /// Stops it at once, as `pg_ctl -m immediate` does, and starts it again.
    pub(crate) fn restart(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::QUIT).unwrap();
        self.child.wait().unwrap();
        self.child = server(&self.folder.path().join("data"), self.folder.path(), self.port);
        self.wait_until_up();
    }

    /// The folder of its socket.
    pub(crate) fn socket(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// The address of its first database on the socket, with more parameters.
    pub(crate) fn address(&self, parameters: &str) -> String {
        format!("postgres://tester@/postgres?host={}&port={}{parameters}", self.socket(), self.port)
    }

    /// The address of that database over TCP.
    pub(crate) fn over_tcp(&self, user: &str, host: &str, parameters: &str) -> String {
        format!("postgres://{user}@{host}:{}/postgres?{parameters}", self.port)
    }

    fn psql(&self, sql: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "tester",
            "-h",
            self.socket(),
            "-p",
        ]);
        psql.args([&self.port.to_string(), "-d", "postgres", "-c", sql]);
        psql.stdin(Stdio::null());
        psql
    }

    /// Runs SQL behind the program's back, and returns what it prints.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let ran = self.psql(sql).output().unwrap();
        assert!(ran.status.success(), "{sql}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    /// Runs SQL that does not come to its end by itself, once it has begun to `wait`.
    pub(crate) fn holding(&self, sql: &str) -> Child {
        let held =
            self.psql(&format!("{sql}; SELECT pg_sleep(100000)")).stdout(Stdio::null()).spawn().unwrap();
        while self.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != "1" {
            std::thread::yield_now();
        }
        held
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // At once: nothing of it is kept. It may have ended already.
        _ = kill_process(Pid::from_child(&self.child), Signal::QUIT);
        _ = self.child.wait();
    }
}

/// A folder that another user may enter, too: below `target/`, or where that lies behind a closed door, in the system's.
fn folder() -> tempfile::TempDir {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    let below = tempfile::Builder::new().prefix("pg-").tempdir_in(target).unwrap();
    let open = |folder: &Path| {
        fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
        if rustix::process::geteuid().is_root() {
            chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut look = Command::new("ls");
        as_another_user(&mut look);
        look.arg(folder).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    };
    // The address of a socket has 107 bytes.
    if below.path().as_os_str().len() < 80 && open(below.path()) {
        return below;
    }
    let elsewhere = tempfile::Builder::new().prefix("pg-").tempdir().unwrap();
    assert!(open(elsewhere.path()), "no folder for PostgreSQL");
    elsewhere
}

fn server(data: &Path, socket: &Path, port: u16) -> Child {
    let mut server = of_another_user("postgres");
    server.arg("-D").arg(data).arg("-k").arg(socket).arg("-p").arg(port.to_string());
    for setting in ["listen_addresses=127.0.0.1", "fsync=off", "ssl=on", "log_min_messages=fatal"] {
        server.args(["-c", setting]);
    }
    server.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

fn as_another_user(command: &mut Command) {
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

fn of_another_user(name: &str) -> Command {
    let mut command = Command::new(program(name));
    as_another_user(&mut command);
    command.current_dir("/");
    command
}

/// A program of PostgreSQL: Debian keeps those of the server out of the path.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.retain(|path| path.is_file());
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}
