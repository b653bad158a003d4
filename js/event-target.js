'use strict';

// The part of the WHATWG EventTarget interface that WebSocket offers on top of
// EventEmitter: `addEventListener`, `removeEventListener` and the `onopen`,
// `onerror`, `onclose` and `onmessage` attributes, with event objects of their
// own. A listener of this kind is an ordinary EventEmitter listener that carries
// two marks, so `listeners()`, `removeAllListeners()` and the order of calls are
// those of EventEmitter. Events other than these four have no event object and
// are not accepted.

/** Marks a listener that was set through an `onX` attribute. */
const kForOnEventAttribute = Symbol('kForOnEventAttribute');

/** On a listener: the handler that the user gave. */
const kListener = Symbol('kListener');

/** Sets the `target` of an event: what dispatching does, and no user can. */
let setTarget;

/** An event of a WebSocket. Not the global `Event`. */
class Event {
  #target = null;
  #type;

  static {
    setTarget = (event, target) => {
      event.#target = target;
    };
  }

  /**
   * @param {String} type The name of the event
   */
  constructor(type) {
    this.#type = type;
  }

  /** @type {*} The WebSocket, or `null` before the event is dispatched */
  get target() {
    return this.#target;
  }

  /** @type {String} */
  get type() {
    return this.#type;
  }
}

/** The event of a closed connection. */
class CloseEvent extends Event {
  #code;
  #reason;
  #wasClean;

  /**
   * @param {String} type The name of the event
   * @param {Object} [options] Initial values of the attributes
   * @param {Number} [options.code=0] The close code
   * @param {String} [options.reason=''] The close reason
   * @param {Boolean} [options.wasClean=false] Whether the closing handshake was
   *     completed
   */
  constructor(type, { code = 0, reason = '', wasClean = false } = {}) {
    super(type);
    this.#code = code;
    this.#reason = reason;
    this.#wasClean = wasClean;
  }

  /** @type {Number} */
  get code() {
    return this.#code;
  }

  /** @type {String} */
  get reason() {
    return this.#reason;
  }

  /** @type {Boolean} */
  get wasClean() {
    return this.#wasClean;
  }
}

/** The event of a failed connection. */
class ErrorEvent extends Event {
  #error;
  #message;

  /**
   * @param {String} type The name of the event
   * @param {Object} [options] Initial values of the attributes
   * @param {*} [options.error=null] The error
   * @param {String} [options.message=''] Its message
   */
  constructor(type, { error = null, message = '' } = {}) {
    super(type);
    this.#error = error;
    this.#message = message;
  }

  /** @type {*} */
  get error() {
    return this.#error;
  }

  /** @type {String} */
  get message() {
    return this.#message;
  }
}

/** The event of a received message. */
class MessageEvent extends Event {
  #data;

  /**
   * @param {String} type The name of the event
   * @param {Object} [options] Initial values of the attributes
   * @param {*} [options.data=null] The content of the message
   */
  constructor(type, { data = null } = {}) {
    super(type);
    this.#data = data;
  }

  /** @type {*} */
  get data() {
    return this.#data;
  }
}

for (const [EventClass, attributes] of [
  [Event, ['target', 'type']],
  [CloseEvent, ['code', 'reason', 'wasClean']],
  [ErrorEvent, ['error', 'message']],
  [MessageEvent, ['data']]
]) {
  for (const attribute of attributes) {
    Object.defineProperty(EventClass.prototype, attribute, {
      enumerable: true
    });
  }
}

/**
 * How the arguments of an EventEmitter listener become an event. Its keys are
 * the events that this module knows.
 */
const eventFactories = {
  __proto__: null,
  open() {
    return new Event('open');
  },
  error(websocket, error) {
    return new ErrorEvent('error', { error, message: error.message });
  },
  close(websocket, code, reason) {
    return new CloseEvent('close', {
      code,
      reason: reason.toString(),
      wasClean: websocket._closeFrameReceived && websocket._closeFrameSent
    });
  },
  message(websocket, data, isBinary) {
    return new MessageEvent('message', {
      data: isBinary ? data : data.toString()
    });
  }
};

/**
 * @param {Function} listener A listener as `listeners()` returns it
 * @param {*} handler The handler to look for
 * @return {Boolean} Whether `addEventListener` made `listener` for `handler`
 */
function isListenerFor(listener, handler) {
  return listener[kListener] === handler && !listener[kForOnEventAttribute];
}

/**
 * Make the EventEmitter listener that calls `handler` with an event object.
 *
 * @param {String} type The name of the event, a key of `eventFactories`
 * @param {(Function|Object)} handler A function, or an object whose
 *     `handleEvent` method is looked up at each event
 * @param {Boolean} forAttribute Whether it belongs to an `onX` attribute
 * @return {Function} The listener
 */
function createListener(type, handler, forAttribute) {
  const createEvent = eventFactories[type];

  function listener(first, second) {
    const event = createEvent(this, first, second);

    setTarget(event, this);

    if (typeof handler === 'object' && handler.handleEvent) {
      handler.handleEvent(event);
    } else {
      handler.call(this, event);
    }
  }

  listener[kForOnEventAttribute] = forAttribute;
  listener[kListener] = handler;

  return listener;
}

/**
 * Add a listener for an 'open', 'error', 'close' or 'message' event. Other
 * types, and a handler that is already there, are ignored. To be called on an
 * EventEmitter.
 *
 * @param {String} type The name of the event
 * @param {(Function|Object)} handler The function, or the object with a
 *     `handleEvent` method, to call
 * @param {Object} [options]
 * @param {Boolean} [options.once=false] Whether to remove it when called
 */
function addEventListener(type, handler, options) {
  if (!(type in eventFactories)) return;

  for (const listener of this.listeners(type)) {
    if (isListenerFor(listener, handler)) return;
  }

  const listener = createListener(type, handler, false);

  if (options?.once) {
    this.once(type, listener);
  } else {
    this.on(type, listener);
  }
}

/**
 * Remove a listener that `addEventListener` added. To be called on an
 * EventEmitter.
 *
 * @param {String} type The name of the event
 * @param {(Function|Object)} handler The handler that was added
 */
function removeEventListener(type, handler) {
  for (const listener of this.listeners(type)) {
    if (isListenerFor(listener, handler)) {
      this.removeListener(type, listener);
      return;
    }
  }
}

/**
 * @param {EventEmitter} emitter
 * @param {String} type The name of the event
 * @return {(Function|undefined)} The listener of its `onX` attribute, if any
 */
function attributeListener(emitter, type) {
  return emitter
    .listeners(type)
    .find((listener) => listener[kForOnEventAttribute]);
}

/**
 * Define `onopen`, `onerror`, `onclose` and `onmessage`. Anything but a function
 * clears an attribute; one that is not set reads as `null`.
 *
 * @param {Object} prototype The prototype of a class that extends EventEmitter
 */
function defineEventAttributes(prototype) {
  for (const type of Object.keys(eventFactories)) {
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      get() {
        return attributeListener(this, type)?.[kListener] ?? null;
      },
      set(handler) {
        const current = attributeListener(this, type);

        if (current !== undefined) this.removeListener(type, current);
        if (typeof handler !== 'function') return;

        this.on(type, createListener(type, handler, true));
      }
    });
  }
}

module.exports = {
  CloseEvent,
  ErrorEvent,
  Event,
  EventTarget: { addEventListener, removeEventListener },
  MessageEvent,
  addEventListener,
  defineEventAttributes,
  kForOnEventAttribute,
  kListener,
  removeEventListener
};
