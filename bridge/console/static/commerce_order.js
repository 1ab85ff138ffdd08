// From a Commerce order to the Amazon order behind it.

import { get } from "./api.js";
import { find } from "./dom.js";
import { start } from "./shell.js";

start(async () => {
  const { order_id: id } = await get(`/admin-ui/orders/${find("#main").dataset.commerceOrder}`);
  location.replace(`/console/orders/${id}`);
});
