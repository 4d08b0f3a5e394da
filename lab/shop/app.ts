/** The demo shop's application: what its customers do, and what the settings say of it. */

/** The name customers type; its zone is in the lab's Cloudflare account. */
export const DOMAIN = "shop.example";

/** The one customer whose password is known: the smoke test's. */
export const CUSTOMER = {
  email: "test@shop.example",
  name: "Test Customer",
  password: "customer-password-that-must-not-be-seen",
};

/** In the configuration of the application: the role's password, and what signs the cookies. */
export const APP_PASSWORD = "application-password-that-must-not-be-seen";
export const SESSION_KEY = "session-key-that-must-not-be-seen-by-anybody";

const CSRF = 'name="csrf" value="([^"]+)"';

/** The setting `app` of the shop's host. */
export const APP = {
  domain: DOMAIN,
  compose: "/opt/app/compose.yaml",
  dns: { zone: DOMAIN },
  smoke: [
    { name: "the login page", page: "/login", contains: ["Password"], save: { csrf: CSRF } },
    {
      name: "log in",
      page: "/login",
      form: { csrf: "{{csrf}}", email: CUSTOMER.email, password: "{{password}}" },
      contains: ["My account", CUSTOMER.name],
    },
    { name: "a product", page: "/product/1", contains: ["Order now"], save: { token: CSRF } },
    { name: "its picture", page: "/uploads/products/1.svg", contains: ["<svg"] },
    {
      name: "a test order",
      page: "/order",
      form: { csrf: "{{token}}", product: "1", quantity: "1" },
      contains: ["is paid"],
      save: { invoice: "Order no\\. (\\d+) is paid" },
    },
    {
      name: "is in the database",
      database: "orders",
      query: "SELECT count(*) FROM shop.orders WHERE invoice = {{invoice}}",
      prints: "1",
    },
  ],
} as const;
