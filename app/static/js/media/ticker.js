// A clock that goes on while the page is out of sight: timers of hidden pages are slowed down.
setInterval(() => postMessage(0), 1000 / 25);
