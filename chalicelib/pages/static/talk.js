/* 溪小办 with a voice. The page works without: this appends answers instead of loading a page, reads them aloud by a
   voice that is on the phone, and takes speech where the phone itself understands it. Nothing goes to anybody else. */
(function () {
  "use strict";
  var talk = document.getElementById("talk");
  var log = document.getElementById("log");
  var steps = document.getElementById("steps");
  var state = document.getElementById("state");
  var voiceButton = document.getElementById("voice");
  var listenButton = document.getElementById("listen");
  var forms = [document.getElementById("ask"), document.getElementById("say")];
  var words = { idle: "请讲，我在。", listening: "我在听，请说。", thinking: "我看看。", talking: "我念给您听，字也在下面。" };
  var reading = false;
  var busy = false;

  function become(name) {
    talk.className = "talk is-" + name;
    state.textContent = words[name];
  }

  /* ------------------------------------------------------------------------------------------------------- the log */

  function bubble(className, lines) {
    var box = document.createElement("div");
    box.className = className;
    lines.forEach(function (parts) {
      var line = document.createElement("p");
      parts.forEach(function (part) {
        var piece = document.createElement(part.href ? "a" : "span");
        piece.textContent = part.text;
        if (part.href) { piece.href = part.href; }
        line.appendChild(piece);
      });
      box.appendChild(line);
    });
    log.appendChild(box);
    box.scrollIntoView({ block: "start" });
    return box;
  }

  function offer(options) {
    steps.textContent = "";
    options.forEach(function (option) {
      var button = document.createElement("button");
      button.className = "weui-btn weui-btn_mini";
      button.name = "text";
      button.value = button.textContent = option;
      steps.appendChild(button);
    });
  }

  /* ------------------------------------------------------------------------------------------------------ one turn */

  function ask(text) {
    if (busy) { return; }
    busy = true;
    hush();
    bubble("talk__question", [[{ text: text }]]);
    become("thinking");
    var fields = new URLSearchParams(new FormData(forms[0]));
    fields.set("text", text);
    fields.set("as", "json");
    fetch(forms[0].action, { method: "POST", body: fields, credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) { throw new Error(); } return answer.json(); })
      .then(function (spoken) {
        forms.forEach(function (form) { form.elements.message.value = spoken.message; });
        offer(spoken.options);
        become("idle");
        read(bubble("talk__answer", spoken.lines));
      })
      .catch(function () {
        become("idle");
        bubble("talk__answer", [[{ text: "这句话没有发出去。请再发一次，或重新打开这个页面；着急请拨 12345。" }]]);
      })
      .finally(function () { busy = false; });
  }

  forms.forEach(function (form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var chosen = event.submitter && event.submitter.name === "text" ? event.submitter.value : "";
      var text = chosen || form.elements.text.value.trim();
      if (!text) { return; }
      if (!chosen) { form.elements.text.value = ""; }
      ask(text);
    });
  });

  /* --------------------------------------------------------------------------------------------------- reading aloud */

  function voice() {
    var voices = window.speechSynthesis ? window.speechSynthesis.getVoices() : [];
    return voices.filter(function (one) { return one.localService && /^(zh|cmn)/i.test(one.lang); })[0];
  }

  function hush() {
    if (window.speechSynthesis) { window.speechSynthesis.cancel(); }
  }

  function read(box) {
    var own = voice();
    if (!reading || !own) { return; }
    var lines = Array.prototype.slice.call(box.querySelectorAll("p"));
    lines.forEach(function (line, place) {
      var said = new SpeechSynthesisUtterance(line.textContent);
      said.voice = own;
      said.lang = own.lang;
      said.rate = document.documentElement.className === "big" ? 0.85 : 1;
      said.onstart = function () { become("talking"); line.className = "is-read"; };
      said.onend = said.onerror = function () {
        line.className = "";
        if (place === lines.length - 1) { become("idle"); }
      };
      window.speechSynthesis.speak(said);
    });
  }

  function offerVoice() { voiceButton.hidden = !voice(); }

  if (window.speechSynthesis) {
    offerVoice();
    window.speechSynthesis.addEventListener("voiceschanged", offerVoice);
    voiceButton.addEventListener("click", function () {
      reading = !reading;
      voiceButton.setAttribute("aria-pressed", String(reading));
      voiceButton.textContent = reading ? "不念了" : "读给我听";
      hush();
      if (reading) { read(log.lastElementChild); } else { become("idle"); }
    });
  }

  /* ------------------------------------------------------------------------------------------------------- listening */

  var Recognition = window.SpeechRecognition || window.webkitSpeechRecognition;

  function listen() {
    var ear = new Recognition();
    ear.lang = "zh-CN";
    ear.processLocally = true;
    ear.onresult = function (event) { ask(event.results[0][0].transcript); };
    ear.onend = function () { if (!busy) { become("idle"); } };
    ear.onerror = function () { state.textContent = "没听清，请再说一遍，或打字。"; };
    hush();
    become("listening");
    ear.start();
  }

  if (Recognition && Recognition.available) {
    Recognition.available({ langs: ["zh-CN"], processLocally: true }).then(function (found) {
      listenButton.hidden = found !== "available";
    }, function () { /* not on this phone: typing stays */ });
    listenButton.addEventListener("click", listen);
  }
})();
