import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../../data/api";

/** Riders of one's stores, and the merchant's accounts at couriers. */
export const riders = queryOptions({ queryKey: ["riders"], queryFn: async () => (await answer(api.GET("/api/v1/riders"))).riders });
export const couriers = queryOptions({ queryKey: ["couriers"], queryFn: async () => (await answer(api.GET("/api/v1/couriers"))).couriers });
