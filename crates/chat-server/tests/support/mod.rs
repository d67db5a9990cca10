//! The binary as a process: started in a folder and an environment of its own, talked to over plain sockets.

#![expect(dead_code, reason = "each test file uses its own part of this")]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends with the first thing that fails"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub(crate) const SECRET: &str = "a-secret-of-at-least-32-bytes-length";

/// What a build machine under load may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that goes with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cli-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file; its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The binary with these arguments, and an environment that holds nothing else than this.
fn command(folder: &Scratch, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command
        .args(arguments)
        .env_clear()
        .env("CHAT_BIND", "127.0.0.1:0")
        .envs(variables.iter().copied())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    run_in(&Scratch::new(), arguments, variables)
}

pub(crate) fn run_in(folder: &Scratch, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let output = command(folder, arguments, variables).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server that listens; killed with the test, if it is still there.
pub(crate) struct Server {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    /// What it printed until it listened.
    pub(crate) banner: String,
    /// `127.0.0.1:` and its port.
    pub(crate) address: String,
}

impl Server {
    /// Starts the server and waits until it says where it listens and is ready.
    pub(crate) fn start(folder: &Scratch, variables: &[(&str, &str)]) -> Self {
        let mut child = command(folder, &[], variables).spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        let mut server = Self {
            child,
            stdout,
            stderr,
            banner: String::new(),
            address: String::new(),
        };
        server.read_banner();
        server
    }

    fn read_banner(&mut self) {
        let is_last = |line: &str| line.ends_with("Ctrl-C.") || line.starts_with('{');
        loop {
            let Ok(line) = self.stdout.recv_timeout(PATIENCE) else {
                panic!(
                    "the server does not start:\n{}\n{}",
                    self.banner,
                    self.log()
                );
            };
            self.banner.push_str(&line);
            self.banner.push('\n');
            if is_last(&line) {
                break;
            }
        }
        let (_, url) = self.banner.split_once("http://").expect("an address");
        let end = url.find(['"', '\n']).expect("its end");
        url[..end].clone_into(&mut self.address);
    }

    /// What it has logged so far; all of it once it has ended.
    pub(crate) fn log(&self) -> String {
        self.stderr.try_iter().map(|line| line + "\n").collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end, at most so long.
    pub(crate) fn wait(&mut self, most: Duration) -> ExitStatus {
        let ended = self.ends_within(most);
        assert!(ended, "still there after {most:?}:\n{}", self.log());
        self.child.wait().unwrap()
    }

    /// Whether it ends within that time.
    pub(crate) fn ends_within(&self, most: Duration) -> bool {
        let deadline = Instant::now() + most;
        // Its standard output ends with it.
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.stdout.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// One request on a connection of its own.
    pub(crate) fn request(&self, head: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        let length = body.len();
        write!(
            stream,
            "{head}\r\nhost: {}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}",
            self.address
        )
        .unwrap();
        Answer::read(stream)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path} HTTP/1.1"), "")
    }

    pub(crate) fn get_as(&self, token: &str, path: &str) -> Answer {
        let head = format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {token}");
        self.request(&head, "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/json");
        self.request(&head, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.for_each(|line| drop(sender.send(line)));
    });
    receiver
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Reads as far as the answer goes: the connection may be held open for what the client still sends.
    fn read(stream: TcpStream) -> Self {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "cut off: {head}");
        }
        let head = head.to_ascii_lowercase();
        let status = head.split(' ').nth(1).expect("a status");
        let length = head
            .split_once("\ncontent-length: ")
            .map_or("0", |(_, rest)| rest);
        let length = length.split("\r\n").next().unwrap_or_default();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        Self {
            status: status.parse().unwrap(),
            body: String::from_utf8(body).unwrap(),
            head,
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}
