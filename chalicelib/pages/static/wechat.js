/* Inside WeChat only: a personal page leaves the share menu, a public one gets a card (JS-SDK). Nothing depends on it. */
(function () {
  "use strict";
  var own = document.currentScript.dataset;

  function hideMenu() {
    window.WeixinJSBridge.call("hideOptionMenu");
  }

  function share() {
    var card = {
      title: document.title,
      desc: (document.querySelector('meta[name="description"]') || { content: "" }).content,
      link: own.share,
      imgUrl: ""
    };
    window.wx.updateAppMessageShareData(card);
    window.wx.updateTimelineShareData(card);
  }

  function configure(given) {
    given.jsApiList = ["updateAppMessageShareData", "updateTimelineShareData"];
    window.wx.config(given);
    window.wx.ready(share);
  }

  function prepare() {
    fetch(own.config + "?url=" + encodeURIComponent(location.href.split("#")[0]), { credentials: "same-origin" })
      .then(function (answer) { return answer.ok ? answer.json() : null; })
      .then(function (given) { if (given) { configure(given); } });
  }

  if (!own.share) {
    if (window.WeixinJSBridge) { hideMenu(); } else { document.addEventListener("WeixinJSBridgeReady", hideMenu); }
    return;
  }
  var sdk = document.createElement("script");
  sdk.src = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js";
  sdk.onload = prepare;
  document.head.appendChild(sdk);
})();
