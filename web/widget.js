/* Brings the customer's widget to a page: <script src="https://chat.example/widget.js"></script>; docs/embedding.md. */
(() => {
  const script = document.currentScript; // a module would not know its own
  const { origin } = new URL(script.src);
  const isReady =
    document.readyState === "loading"
      ? new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve))
      : Promise.resolve();

  async function show() {
    const SupportChat =
      customElements.get("support-chat") ?? (await import(`${origin}/web/{{ version }}/widget/whole.js`)).SupportChat;
    await isReady;
    const there = document.querySelectorAll("support-chat");
    if (there.length && SupportChat.service) return;
    there.forEach((saved) => saved.remove()); // with the page, and is nobody's
    SupportChat.service = { origin, textLimit: {{ text_limit }} };
    const chat = new SupportChat();
    Object.assign(chat.dataset, script.dataset);
    document.body.append(chat);
  }

  show();
})();
