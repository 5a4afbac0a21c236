// SPDX-License-Identifier: MIT
// menu.js - the panel that opens below a button; at the bottom of the window where that is narrow.

import { byId } from "./dom.js";

/** Open the panel below `button` with `content`. The browser closes it by Escape or a click elsewhere. */
export function openMenu(button, label, content) {
  const menu = byId("menu");
  if (menu.matches(":popover-open")) menu.hidePopover();
  menu.replaceChildren(...content);
  menu.setAttribute("aria-label", label);
  menu.style.removeProperty("left");
  menu.style.removeProperty("top");
  menu.showPopover();
  place(menu, button);
  button.setAttribute("aria-expanded", "true");
  menu.ontoggle = (event) => {
    if (event.newState !== "closed") return;
    button.setAttribute("aria-expanded", "false");
    if (menu.contains(document.activeElement) || document.activeElement === document.body) button.focus();
  };
  (menu.querySelector("[autofocus]") ?? menu.querySelector("input, button, select, textarea"))?.focus();
}

function place(menu, button) {
  if (matchMedia("(max-width: 559px)").matches) return; // style.css puts it at the bottom
  const at = button.getBoundingClientRect(), size = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(at.bottom + 6, innerHeight - size.height - 8))}px`;
}

export function closeMenu() {
  const menu = byId("menu");
  if (menu.matches(":popover-open")) menu.hidePopover();
}
