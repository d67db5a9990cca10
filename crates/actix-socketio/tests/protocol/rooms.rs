//! Rooms and broadcasts.

use std::sync::{Arc, Mutex};

use actix_socketio::{Encoded, OnWritten, Socket, SocketId};

use crate::server::TestServer;

#[actix_web::test]
async fn broadcast_reaches_each_selected_socket_once() {
    let server = TestServer::start();
    let (mut a_ws, a) = server.join_ws().await;
    let (mut b_ws, b) = server.join_ws().await;
    let (c_sid, c) = server.join_polling().await;
    let root = server.root();
    a.join("red");
    a.join("blue");
    b.join("blue");
    c.join("red");
    assert_eq!(root.to_rooms(["red", "blue"]).emit("e", &1).unwrap(), 3);
    assert_eq!(
        root.to("red").except_socket(a.id()).emit("e", &2).unwrap(),
        1
    );
    assert_eq!(
        root.to_rooms(["red", "blue"])
            .except_room("blue")
            .emit("e", &3)
            .unwrap(),
        1
    );
    assert_eq!(
        root.to(b.id()).emit("e", &4).unwrap(),
        1,
        "a socket's id is a room"
    );
    assert_eq!(root.except_room("red").emit("e", &5).unwrap(), 1);
    assert_eq!(
        root.to_rooms::<&str>([]).emit("e", &6).unwrap(),
        0,
        "no room is nobody"
    );
    assert_eq!(root.to("nowhere").emit("e", &7).unwrap(), 0);
    b.leave("blue");
    assert_eq!(root.to("blue").emit("e", &8).unwrap(), 1);
    assert_eq!(root.emit("e", &9).unwrap(), 3);
    for n in [1, 8, 9] {
        a_ws.expect(&format!("42[\"e\",{n}]")).await;
    }
    for n in [1, 4, 5, 9] {
        b_ws.expect(&format!("42[\"e\",{n}]")).await;
    }
    let expected = [1, 2, 3, 9].map(|n| format!("42[\"e\",{n}]"));
    assert_eq!(server.packets(&c_sid).await, expected);
}

#[actix_web::test]
async fn disconnected_socket_is_in_no_room() {
    let server = TestServer::start();
    let (ws, socket) = server.join_ws().await;
    socket.join("red");
    assert_eq!(socket.rooms().len(), 1);
    assert_eq!(server.root().sockets_in("red").len(), 1);
    assert!(server.root().socket(socket.id()).is_some());
    drop(ws);
    server.told_disconnected().await;
    socket.join("red");
    assert!(socket.rooms().is_empty());
    assert!(server.root().sockets_in("red").is_empty());
    assert!(server.root().socket(socket.id()).is_none());
}

#[actix_web::test]
async fn selected_sockets_can_be_moved_and_disconnected() {
    let server = TestServer::start();
    let (mut a_ws, a) = server.join_ws().await;
    let (_b_ws, b) = server.join_ws().await;
    a.join("red");
    server.root().to("red").join("green");
    assert_eq!(a.rooms().len(), 2);
    server.root().to("green").leave("red");
    assert_eq!(a.rooms().len(), 1);
    server.root().to("green").disconnect(true);
    a_ws.expect("41").await;
    a_ws.expect_close().await;
    assert!(b.is_connected());
}

struct Seen(Mutex<Vec<SocketId>>);

impl OnWritten for Seen {
    fn written(&self, socket: &Socket) {
        self.0.lock().unwrap().push(socket.id());
    }
}

#[actix_web::test]
async fn hook_hears_of_packets_that_were_written_and_of_no_others() {
    let server = TestServer::start();
    let (mut ws, on_ws) = server.join_ws().await;
    let (sid, on_polling) = server.join_polling().await;
    let (dead_sid, dead) = server.join_polling().await;
    let seen = Arc::new(Seen(Mutex::default()));
    let packet = Encoded::event("/", "e", &1).unwrap();
    let hook = Arc::clone(&seen) as Arc<dyn OnWritten>;
    assert_eq!(server.root().on_written(hook).send(&packet), 3);
    ws.expect("42[\"e\",1]").await;
    assert_eq!(
        *seen.0.lock().unwrap(),
        [on_ws.id()],
        "nobody has polled yet"
    );
    assert_eq!(server.packets(&sid).await, ["42[\"e\",1]"]);
    server.post(&dead_sid, "1").await;
    server.told_disconnected().await;
    assert!(!dead.is_connected());
    assert_eq!(*seen.0.lock().unwrap(), [on_ws.id(), on_polling.id()]);
}
